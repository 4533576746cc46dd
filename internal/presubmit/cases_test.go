package presubmit

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Each rule finds what it forbids, names the line, and lets the rest pass.
func TestRules(t *testing.T) {
	for _, ca := range []struct {
		name, path, src string
		want            string // "" when nothing is wrong
	}{
		{"down", "signaling/a.go", imports("mixer", "media/codec/g711", "internal/fault"), ""},
		{"up", "mixer/a.go", imports("signaling"), "mixer/a.go:3: mixer may not import signaling"},
		{"from the bottom", "internal/config/a.go", imports("media"), "internal may not import media"},
		{"sideways", "sip/a.go", imports("media/sdp"), "sip may not import media/sdp"},
		{"the mixer on media", "mixer/a.go", imports("media"), ""},
		{"media on the mixer", "media/rtp/a.go", imports("mixer"), "media may not import mixer"},
		{"a technology on sip", "signaling/tech/sip/a.go", imports("sip", "media/webrtc"), ""},
		{"signaling on sip", "signaling/dialplan/a.go", imports("sip/registrar"), "only in sip, signaling/tech"},
		{"signaling on webrtc", "signaling/a.go", imports("media/webrtc"), "only in media/webrtc, signaling/tech"},
		{"a test upwards", "mixer/a_test.go", imports("signaling"), ""},
		{"end to end", "e2e/meeting/a.go", imports("cmd/skybridge", "sip"), ""},
		{"on end to end", "api/a.go", imports("e2e/peer"), "api may not import e2e/peer"},
		{"a new part", "extra/a.go", "package extra", "no place in the layers"},

		{"sipgo as a peer", "sip/a_test.go", `package sip_test; import "github.com/emiago/sipgo/sip"`, ""},
		{"sipgo in the product", "sip/a.go", `package sip; import "github.com/emiago/sipgo"`, "only in"},
		{"fiber elsewhere", "signaling/a.go", `package a; import "github.com/gofiber/fiber/v2"`, "only in api"},
		{"prometheus elsewhere", "api/voip/a.go", `package a; import "github.com/prometheus/client_golang/prometheus"`, "only in api/metrics"},
		{"pion elsewhere", "media/sdp/a.go", `package a; import "github.com/pion/sdp/v3"`, "only in media/rtp"},
		{"testing in the product", "media/a.go", `package a; import "testing"`, "only in e2e"},

		{"init", "media/a.go", "package a\nfunc init() {}", "media/a.go:2: func init"},
		{"init in a test", "media/a_test.go", "package a\nfunc init() {}", ""},
		{"a method init", "media/a.go", "package a\nfunc (t T) init() {}", ""},
		{"a vague name", "media/utils/a.go", "package utils", "package utils"},
		{"a vague test", "media/utils/a_test.go", "package utils_test", "package utils_test"},

		{"a goroutine of nobody", "media/a.go", "package a\nfunc f() {\n\tgo f()\n}", "media/a.go:3: go:"},
		{"owned on the line", "media/a.go", "package a\nfunc f() {\n\tdefer guard.Recover(log, what)\n\tgo f() // owned by f\n}", ""},
		{"owned above", "media/a.go", "package a\nfunc f() {\n\tdefer guard.Recover(log, what)\n\t// Owned by f,\n\t// ends with it.\n\tgo f()\n}", ""},
		{"owned too far above", "media/a.go", "package a\nfunc f() {\n\t// owned by f\n\n\tgo f()\n}", "go:"},
		{"a goroutine in a test", "media/a_test.go", "package a\nfunc f() { go f() }", ""},

		{"a bare goroutine", "api/a.go", started("go x.run() // owned by x", "defer done()\nwork()"), "api/a.go:3: a panic"},
		{"a bare literal", "api/a.go", started("go func() { x.run() }() // owned by x", ""), "api/a.go:3: a panic"},
		{"of another package", "api/a.go", started("go other.Run() // owned by x", ""), "api/a.go:3: a panic"},
		{"of a group", "mixer/a.go", started("group.Go(x.run)", "work()"), "mixer/a.go:3: a panic"},
		{"given as a value", "mixer/a.go", started("go f() // owned by x", "defer guard.Recover(log, what)"), "mixer/a.go:3: a panic"},
		{"recovered too late", "api/a.go", started("go x.run() // owned by x", "work()\ndefer guard.Recover(log, what)"), "a panic"},
		{"recovered by nobody", "api/a.go", started("go x.run() // owned by x", "defer func() { func() { recover() }() }()"), "a panic"},
		{"guarded", "api/a.go", started("go x.run() // owned by x", "defer guard.Recover(log, what)\nwork()"), ""},
		{"guarded after another defer", "api/a.go", started("go x.run() // owned by x", "defer done()\ndefer guard.Recover(log, what)"), ""},
		{"a guarded literal", "api/a.go", started("go func() { defer guard.Recover(log, what); work() }() // owned by x", ""), ""},
		{"given to a guard", "sip/a.go", started("go func() { defer done(); x.guard(what, f) }() // owned by x", ""), ""},
		{"given to a guard too late", "sip/a.go", started("go func() { work(); x.guard(what, f) }() // owned by x", ""), "a panic"},
		{"a guarded group", "mixer/a.go", started("group.Go(func() { defer guard.Recover(log, what) })", ""), ""},
		{"with a recover of its own", "api/a.go", started("go x.run() // owned by x", "defer func() { if r := recover(); r != nil { say(r) } }()"), ""},
		{"with a method that recovers", "api/a.go", started("go x.run() // owned by x", "defer x.rescue()") + "\nfunc (x X) rescue() { recover() }", ""},
		{"listed", "api/cli/socket.go", started("go s.serve() // owned by s", ""), ""},
		{"listed elsewhere", "api/cli/a.go", started("go s.serve() // owned by s", ""), "a panic"},
		{"below", "internal/store/a.go", started("go x.run() // owned by x", ""), ""},
		{"where tests are helped", "sip/siptest/a.go", started("go x.run() // owned by x", ""), ""},

		{"sleep in a test", "media/a_test.go", "package a\nfunc f() { time.Sleep(1) }", "time.Sleep"},
		{"virtual sleep", "media/a_test.go", "package a\nimport \"testing/synctest\"\nfunc f() { time.Sleep(1) }", ""},
		{"sleep in the product", "media/a.go", "package a\nfunc f() { time.Sleep(1) }", ""},

		{"the default logger", "sip/a.go", "package a\nvar l = slog.Default()", "slog.Default"},
		{"a package-level log", "sip/a.go", "package a\nfunc f() { slog.Info(\"\") }", "slog.Info"},
		{"a logger of its own", "sip/a.go", "package a\nvar l = slog.New(slog.DiscardHandler)", ""},
		{"the default logger in cmd", "cmd/skybridge/a.go", "package a\nvar l = slog.Default()", ""},
	} {
		t.Run(ca.name, func(t *testing.T) {
			f, err := parse(ca.path, []byte(ca.src))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(append(f.breaches(), bare([]*file{f})...), "\n")
			if ca.want == "" && got != "" || !strings.Contains(got, ca.want) {
				t.Errorf("found %q, want %q", got, ca.want)
			}
		})
	}
}

// started is a file that starts a goroutine on line 3, and the method run with a body.
func started(statement, body string) string {
	return "package a\nfunc start(f func()) {\n\t" + statement + "\n}\nfunc (x X) run() {\n" + body + "\n}"
}

// imports is a file that imports the named packages of the project.
func imports(names ...string) string {
	var b strings.Builder
	b.WriteString("package a\n\n")
	for _, n := range names {
		b.WriteString("import _ \"" + module + "/" + n + "\"\n")
	}
	return b.String()
}

func TestDeadLinks(t *testing.T) {
	repository := fstest.MapFS{
		"README.md":      {Data: []byte("# Top\n")},
		"docs/a.md":      {Data: []byte("# One\n\n## Exit codes, and why\n\n```sh\n# not one\n```\n")},
		"docs/img/x.png": {},
	}
	for text, want := range map[string]string{
		"[a](a.md)":                                 "",
		"[a](a.md#exit-codes-and-why)":              "",
		"[a](a.md#one) [b](../README.md#top)":       "",
		"[folder](img) ![picture](img/x.png \"x\")": "",
		"[web](https://example.org/none.md)":        "",
		"[mail](mailto:a@example.org)":              "",
		"`[code](none.md)`":                         "",
		"```\n[code](none.md)\n```":                 "",
		"# Here\n\n[here](#here)":                   "",
		"[r]\n\n[r]: a.md":                          "",

		"one\n\n[a](none.md)":      "docs/p.md:3: link to none.md: no such file",
		"[a](README.md)":           "docs/p.md:1: link to README.md: no such file",
		"[a](../../README.md)":     "outside",
		"[a](/docs/a.md)":          "outside",
		"[a](a.md#two)":            "no such heading",
		"[a](a.md#not-one)":        "no such heading",
		"[a](#nowhere)":            "no such heading",
		"[r]\n\n[r]: none.md":      "docs/p.md:3: link to none.md",
		"[a](a.md), [b](none.png)": "none.png: no such file",
	} {
		if got := strings.Join(deadLinks(repository, "docs/p.md", text), "\n"); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}
