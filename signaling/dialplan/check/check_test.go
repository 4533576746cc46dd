package check

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

func options(t *testing.T) Options {
	t.Helper()
	apps, err := dialplan.NewApps(dialplan.Builtins(), []dialplan.Application{
		{Name: "Stasis", Run: func(_ context.Context, _ *dialplan.Call, _ string) error { return nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	functions, err := dialplan.NewFunctions(function.All())
	if err != nil {
		t.Fatal(err)
	}
	return Options{Apps: apps, Functions: functions}
}

// TestSeeds checks the configuration blocks of the integration guide: each of their
// slips is named with its file and line, and nothing else is found wrong.
func TestSeeds(t *testing.T) {
	for dir, want := range map[string][]string{
		"seed-en": {
			"ari.conf:3: bindaddr", "ari.conf:4: bindport", "ari.conf:5: tlsenable", "ari.conf:6: tlscertfile", "ari.conf:7: tlsprivatekey",
			"extensions.conf:15: priority 1 of extension _9XXX is there already",
			"pjsip.conf:12: [skygenesisenterprise-endpoint] endpoint and aor",
			"sip.conf:1: [skygenesisenterprise-trunk] has no secret",
			"sip.conf:7: [skygenesisenterprise-trunk] dtmfmode=rfc4733",
		},
		"seed-fr": {
			"ari.conf:3: bindaddr", "ari.conf:4: bindport", "ari.conf:5: tlsenable", "ari.conf:6: tlscertfile", "ari.conf:7: tlsprivatekey",
			"extensions.conf:8: priority 1 of extension _X. is there already", "extensions.conf:9: priority 2", "extensions.conf:10: priority 3",
			"extensions.conf:15: priority 1 of extension _9XXX is there already",
			"pjsip.conf:12: [sky-genesis-endpoint] endpoint and aor",
			"sip.conf:1: [sky-genesis-trunk] has no secret",
			"sip.conf:7: [sky-genesis-trunk] dtmfmode=rfc4733",
		},
		"seed-en-agi": {
			`extensions.conf:3: there is no application "AGI"`, "extensions.conf:4: GotoIf(error)",
			`extensions.conf:5: there is no application "Dial"`, `extensions.conf:8: there is no application "Playback"`,
		},
	} {
		t.Run(dir, func(t *testing.T) {
			loaded, err := Dir("../../../testdata/asterisk/"+dir, options(t))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, loaded.Warnings, want)
		})
	}
}

func compare(t *testing.T, got []asterisk.Warning, want []string) {
	t.Helper()
	for i, w := range got {
		if i >= len(want) || !strings.HasPrefix(w.String(), want[i]) {
			t.Errorf("warning %d is %s", i, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d warnings, want %d", len(got), len(want))
	}
}

func TestContexts(t *testing.T) {
	loaded, err := Load(asterisk.Loader{FS: fstest.MapFS{
		"pjsip.conf":      {Data: []byte("[a]\ntype=endpoint\nallow=ulaw\ncontext=here\n[b]\ntype=endpoint\nallow=ulaw\ncontext=there\n")},
		"extensions.conf": {Data: []byte("[here]\nexten => s,1,NoOp(${LEN(x)}${NOSUCH(${LEN(y)})})\n")},
	}}, options(t))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, loaded.Warnings, []string{
		"extensions.conf:2: there is no function NOSUCH",
		`pjsip.conf:5: [b] its context "there" is not in extensions.conf`,
	})
}

func TestErrors(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"pjsip.conf:1":      {"pjsip.conf": {Data: []byte("[a\n")}},
		"http.conf:2":       {"http.conf": {Data: []byte("\n[a\n")}},
		"extensions.conf:1": {"extensions.conf": {Data: []byte("#include \"gone.conf\"\n")}},
	} {
		_, err := Load(asterisk.Loader{FS: files}, Options{})
		var where *asterisk.Error
		if !errors.As(err, &where) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("error %v, want one at %s", err, name)
		}
	}
	if _, err := Dir("/nowhere/at/all", Options{}); err == nil {
		t.Error("a directory that does not exist is read")
	}
	if loaded, err := Load(asterisk.Loader{FS: fstest.MapFS{}}, Options{}); err != nil || len(loaded.Warnings) != 0 {
		t.Errorf("an empty directory gives %v, %v", loaded, err)
	}
}
