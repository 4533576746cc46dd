package dialplan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
)

// TestLoad loads every file of testdata/dialplan/load as Asterisk would, and compares
// what became of it; a real Asterisk 22 shows the same with `dialplan show`, except that
// it keeps "App (x)" with its space and refuses a capital N.
func TestLoad(t *testing.T) {
	golden.Files(t, testdata+"load/*.txt", "extensions", func(t *testing.T, input string) string {
		return show(dialplantest.Plan(t, string(golden.FS(input)["plan"].Data), true))
	})
}

// show is a plan as text: what is general, every extension in the order of search, and
// the warnings.
func show(p *dialplan.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", p.General)
	for _, v := range p.Globals {
		fmt.Fprintf(&b, "%s=%s\n", v.Name, v.Value)
	}
	for _, c := range p.Contexts() {
		fmt.Fprintf(&b, "[%s] autohints %v, ignores %v, switches %v\n", c.Name, c.AutoHints, c.IgnorePats, len(c.Switches))
		for _, e := range c.Extensions {
			if e.Hint != nil {
				fmt.Fprintf(&b, "%s hint %s :%d\n", e.Name(), e.Hint.App, e.Hint.Line)
			}
			for _, s := range e.Priorities {
				fmt.Fprintf(&b, "%s %d[%s] %s(%s) :%d\n", e.Name(), s.Number, s.Label, s.App, s.Args, s.Line)
			}
		}
		for _, i := range c.Includes {
			fmt.Fprintf(&b, "include %s\n", i.Text)
		}
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(&b, "! %s\n", w)
	}
	return b.String()
}

// BenchmarkLoad reads an extensions.conf of 10,000 extensions, 30,000 steps.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("[a]\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "exten => %d,1,NoOp(${EXTEN})\n same => n,Dial(PJSIP/${EXTEN},30)\n same => n,Goto(voicemail,s,1)\n", 100_000+i)
	}
	text.WriteString("[voicemail]\nexten => s,1,Hangup\n")
	from := dialplantest.Loader(text.String())
	b.ReportAllocs()
	for b.Loop() {
		p, err := dialplan.LoadFile(from, "extensions.conf", false)
		if err != nil || len(p.Warnings) != 0 {
			b.Fatal(err, p.Warnings)
		}
	}
}
