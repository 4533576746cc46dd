package dialplan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

var update = flag.Bool("update", false, "write what the run files' plans do into them")

// TestRun runs every file of testdata/dialplan/run: settings, a plan, and the steps
// that must be taken. A file has parts that begin with "== name"; the part "call" has
// start (context,exten), digits, caller, strict.
func TestRun(t *testing.T) {
	files, err := filepath.Glob("../../testdata/dialplan/run/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			parts := readParts(t, file)
			call := settings(parts["call"])
			synctest.Test(t, func(t *testing.T) {
				p := dialplantest.Plan(t, parts["plan"], call["strict"] == "yes")
				ch := &dialplantest.Channel{Caller: dialplan.ParseCallerID(call["caller"]), Digits: call["digits"]}
				context, exten, _ := strings.Cut(call["start"], ",")
				x := dialplantest.Executor(t, p, func(o *dialplan.Options) { o.Config.Strict = call["strict"] == "yes" })
				out := x.Run(t.Context(), ch, dialplan.Position{context, exten, 1})
				ch.Note("%s at %s, cause %d", out.End, out.At, out.Cause)
				var warnings strings.Builder
				for _, w := range p.Warnings {
					fmt.Fprintln(&warnings, w)
				}
				if *update {
					text := fmt.Sprintf("== call\n%s== plan\n%s== steps\n%s== warnings\n%s", parts["call"], parts["plan"], ch.Trace(), &warnings)
					if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				if got := ch.Trace(); got != parts["steps"] {
					t.Errorf("%s took the steps\n%swant\n%s", file, got, parts["steps"])
				}
				if got := warnings.String(); got != parts["warnings"] {
					t.Errorf("%s gave the warnings\n%swant\n%s", file, got, parts["warnings"])
				}
			})
		})
	}
}

func readParts(t testing.TB, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := make(map[string]string)
	name := ""
	for line := range strings.Lines(string(data)) {
		if after, ok := strings.CutPrefix(line, "== "); ok {
			name = strings.TrimSpace(after)
			continue
		}
		parts[name] += line
	}
	return parts
}

func settings(text string) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(line, "=")
		m[strings.TrimSpace(k)] = strings.Trim(v, "\n")
	}
	return m
}
