package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	for _, ca := range []struct {
		name                    string
		in                      string
		passed, failed, skipped int
		says                    []string
	}{
		{
			name: "children count, parents do not",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			passed: 2,
			says:   []string{"ok  \tp\t0.1s\n"},
		},
		{
			name: "a failed child fails once, its output is shown",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"output","Package":"p","Test":"A/x","Output":"    a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`,
			failed: 1,
			says:   []string{"a_test.go:1: wrong"},
		},
		{
			name: "a skip says why",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:1: needs root\n"}
{"Action":"output","Package":"p","Test":"A","Output":"--- SKIP: A (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}`,
			skipped: 1,
			says:    []string{"skipped: A: needs root\n"},
		},
		{
			name: "a package that does not build is a failure",
			in: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no such thing\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			failed: 1,
			says:   []string{"p.go:1: no such thing\n", "FAIL\tp [build failed]\n"},
		},
		{
			name: "a test that takes the package down is a failure",
			in: `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"panic: boom\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`,
			failed: 1,
			says:   []string{"panic: boom\n"},
		},
		{
			name: "words that are no event are passed on",
			in:   "go: downloading example.com/m v1.0.0",
			says: []string{"go: downloading example.com/m v1.0.0\n"},
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			var out strings.Builder
			c := newTally(&out)
			if err := c.read(strings.NewReader(ca.in)); err != nil {
				t.Fatal(err)
			}
			if c.passed != ca.passed || c.failed != ca.failed || c.skipped != ca.skipped {
				t.Errorf("%d passed, %d failed, %d skipped; want %d, %d, %d",
					c.passed, c.failed, c.skipped, ca.passed, ca.failed, ca.skipped)
			}
			for _, s := range ca.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out.String())
				}
			}
		})
	}
}

// A command of a shell script stands for scripts/test.sh: it says at its first run what in.1
// has, at its second what in.2 has, and ends with 1 where a package failed.
func TestSecondTry(t *testing.T) {
	const (
		fails = `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:1: late\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
`
		passes = `{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p"}
`
		nothing = `{"Action":"pass","Package":"p"}
`
	)
	for _, ca := range []struct {
		name          string
		first, second string
		ok            bool
		runs          int
		says          []string
	}{
		{"all is well", passes, "", true, 1, []string{"1 passed, 0 failed, 0 skipped\n"}},
		{"unsteady", fails, passes, true, 2, []string{
			"late", "a second try: p A\n", "UNSTEADY: A of p failed, and passed when it was tried again alone\n",
			"0 passed, 1 more when tried again, 0 failed, 0 skipped\n",
		}},
		{"fails for good", fails, fails, false, 2, []string{"0 passed, 1 failed, 0 skipped\n"}},
		{"is not there any more", fails, nothing, false, 2, []string{"0 passed, 1 failed, 0 skipped\n"}},
		{"a race", strings.ReplaceAll(fails, "late", "race detected during execution of test"), passes, false, 1, nil},
		{"a race of the server's", strings.ReplaceAll(fails, "late", "WARNING: DATA RACE"), passes, false, 1, nil},
		{"a panic", strings.ReplaceAll(fails, "late", "panic: boom"), passes, false, 1, nil},
		{"a test without an end", strings.ReplaceAll(fails, "late", "panic: test timed out after 1s"), passes, false, 1, nil},
		{"a panic of the package's", `{"Action":"output","Package":"p","Output":"panic: boom\n"}` + "\n" + fails, passes, false, 1, nil},
		{"no test has failed", `{"Action":"fail","Package":"p"}` + "\n", passes, false, 1, []string{"1 failed"}},
		{
			"one package does not build", fails + `{"Action":"fail","Package":"q","FailedBuild":"q"}` + "\n", passes, false, 1,
			[]string{"0 passed, 2 failed, 0 skipped\n"},
		},
		{
			"three", fails + strings.ReplaceAll(fails, `"A"`, `"B"`) + strings.ReplaceAll(fails, `"A"`, `"C"`), passes, true, 2,
			[]string{"a second try: p A B C\n", "3 more when tried again"},
		},
		{
			"more than three", fails + strings.ReplaceAll(fails, `"p"`, `"q"`) + strings.ReplaceAll(fails, `"A"`, `"B"`) + strings.ReplaceAll(fails, `"A"`, `"C"`),
			passes, false, 1, []string{"0 passed, 4 failed, 0 skipped\n"},
		},
	} {
		t.Run(ca.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"in.1": ca.first, "in.2": ca.second, "run.sh": `echo x >>runs
n=$(grep -c x runs)
echo "$@" >args.$n
cat in.$n
if grep -q '"fail"' in.$n; then exit 1; fi
`} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(dir)
			var out strings.Builder
			ok, err := all(t.Context(), &out, []string{"sh", "run.sh", "-race", "--", "./..."})
			if ok != ca.ok || err != nil {
				t.Errorf("%v %v, want %v", ok, err, ca.ok)
			}
			runs, err := os.ReadFile("runs")
			if err != nil || strings.Count(string(runs), "x") != ca.runs {
				t.Errorf("%q runs, want %d: %v", runs, ca.runs, err)
			}
			for _, s := range ca.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("does not say %q:\n%s", s, out.String())
				}
			}
			if ca.runs == 2 {
				if args, err := os.ReadFile("args.2"); err != nil || !strings.HasPrefix(string(args), "-race -run ^(A") || !strings.HasSuffix(string(args), ")$ -- p\n") {
					t.Errorf("second try: %q %v", args, err)
				}
			}
		})
	}
}

// What is wrong with the command itself is no test's failure.
func TestCommandFails(t *testing.T) {
	var out strings.Builder
	if ok, err := all(t.Context(), &out, []string{"sh", "-c", `echo '{"Action":"fail","Package":"p","Test":"A"}'; exit 2`}); ok || err != nil {
		t.Error(ok, err)
	}
	if strings.Contains(out.String(), "second try") {
		t.Error(out.String())
	}
	if ok, err := all(t.Context(), &out, []string{filepath.Join(t.TempDir(), "none")}); ok || err == nil {
		t.Error(ok, err)
	}
}

func TestRetryCommand(t *testing.T) {
	r := retry{"p/q", []string{"TestA", "TestB.1"}}
	got := r.command([]string{"scripts/test.sh", "-race", "--", "./..."})
	if want := []string{"scripts/test.sh", "-race", "-run", `^(TestA|TestB\.1)$`, "--", "p/q"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
