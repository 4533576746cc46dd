package dialplan_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
)

const testdata = "../../testdata/dialplan/"

// TestRun runs every file of testdata/dialplan/run: settings, a plan, the steps that
// must be taken with what is logged on the way, and the warnings of the plan. The settings are start (context,exten),
// digits, caller, strict, burst (the steps that a call may take), and asterisk, which
// says why a real one does not take the steps.
func TestRun(t *testing.T) {
	golden.Files(t, testdata+"run/*.txt", "steps", func(t *testing.T, input string) string {
		parts := golden.FS(input)
		call := settings(string(parts["call"].Data))
		strict := call["strict"] == "yes"
		p := dialplantest.Plan(t, string(parts["plan"].Data), strict)
		ch := &dialplantest.Channel{Caller: dialplan.ParseCallerID(call["caller"]), Digits: call["digits"]}
		context, exten, _ := strings.Cut(call["start"], ",")
		synctest.Test(t, func(t *testing.T) {
			x := dialplantest.Executor(t, p, func(o *dialplan.Options) {
				o.Config.Strict = strict
				o.Log = ch.Log()
				if call["burst"] != "" {
					if _, err := fmt.Sscan(call["burst"], &o.Config.Burst); err != nil {
						t.Fatal(err)
					}
				}
			})
			out := x.Run(t.Context(), ch, dialplan.Position{context, exten, 1})
			ch.Note("%s at %s, cause %d", out.End, out.At, out.Cause)
		})
		var b strings.Builder
		fmt.Fprintf(&b, "%s== warnings\n", ch.Trace())
		var all asterisk.Warnings
		for _, w := range append(p.Warnings, lint.Targets(p, strict)...) {
			all.Add(w)
		}
		for _, w := range all.List() {
			fmt.Fprintln(&b, w)
		}
		return b.String()
	})
}

func settings(text string) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(line, "=")
		m[strings.TrimSpace(k)] = strings.Trim(v, "\n")
	}
	return m
}
