package check

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

func options(t *testing.T) Options {
	t.Helper()
	apps, err := dialplan.NewApps(dialplan.Builtins(), dialplantest.Apps())
	if err != nil {
		t.Fatal(err)
	}
	functions, err := dialplan.NewFunctions(function.All())
	if err != nil {
		t.Fatal(err)
	}
	return Options{Apps: apps, Functions: functions}
}

// TestSeeds checks the configuration blocks of the integration guide against
// testdata/asterisk/check, and that every place a warning names is there.
func TestSeeds(t *testing.T) {
	for _, dir := range []string{"seed-en", "seed-fr", "seed-en-agi", "seed-fr-agi"} {
		for _, strict := range []bool{false, true} {
			name := dir + map[bool]string{true: "-strict"}[strict]
			t.Run(name, func(t *testing.T) {
				o := options(t)
				o.Strict = strict
				loaded, err := Dir("../../../testdata/asterisk/"+dir, o)
				if err != nil {
					t.Fatal(err)
				}
				var b strings.Builder
				for _, w := range loaded.Warnings {
					fmt.Fprintf(&b, "%s\n\t%s\n", w, lineOf(t, "../../../testdata/asterisk/"+dir, w))
				}
				golden.Equal(t, "../../../testdata/asterisk/check/"+name+".txt", b.String())
			})
		}
	}
}

// lineOf is the line that a warning speaks of.
func lineOf(t *testing.T, dir string, w asterisk.Warning) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, w.File))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if w.Line < 1 || w.Line > len(lines) {
		t.Fatalf("%s has no line %d", w.File, w.Line)
	}
	return strings.TrimSpace(lines[w.Line-1])
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
