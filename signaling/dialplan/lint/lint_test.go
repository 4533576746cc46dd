package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
)

func tables(t testing.TB) (dialplan.Apps, dialplan.Functions) {
	t.Helper()
	apps, err := dialplan.NewApps(dialplan.Builtins(), dialplantest.Apps())
	if err != nil {
		t.Fatal(err)
	}
	funcs, err := dialplan.NewFunctions(function.All())
	if err != nil {
		t.Fatal(err)
	}
	return apps, funcs
}

// noFields objects to arguments that are none, as a check of Playback's.
func noFields(args string) []asterisk.Warning {
	if args != "" {
		return nil
	}
	return []asterisk.Warning{{Text: "Playback of nothing"}}
}

// TestFiles says of every file of testdata/dialplan/lint what in it will not do what it
// looks like.
func TestFiles(t *testing.T) {
	apps, funcs := tables(t)
	golden.Files(t, "../../../testdata/dialplan/lint/*.txt", "warnings", func(t *testing.T, input string) string {
		p := dialplantest.Plan(t, string(golden.FS(input)["plan"].Data), false)
		var b strings.Builder
		for _, list := range [][]asterisk.Warning{
			p.Warnings, lint.Targets(p, false), lint.Names(p, apps, funcs), lint.Arguments(p, lint.Checks{"playback": noFields}),
		} {
			for _, w := range list {
				fmt.Fprintln(&b, w)
			}
		}
		return b.String()
	})
}

// BenchmarkTargets judges a plan of 10,000 extensions, 30,000 steps.
func BenchmarkTargets(b *testing.B) {
	var text strings.Builder
	text.WriteString("[a]\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "exten => %d,1,NoOp(${EXTEN})\n same => n,Dial(PJSIP/${EXTEN},30)\n same => n,Goto(voicemail,s,1)\n", 100_000+i)
	}
	text.WriteString("[voicemail]\nexten => s,1,Hangup\n")
	p := dialplantest.Plan(b, text.String(), false)
	b.ReportAllocs()
	for b.Loop() {
		if w := lint.Targets(p, false); len(w) != 0 {
			b.Fatal(w)
		}
	}
}

// FuzzPlan looks for panics, and for warnings that have no place.
func FuzzPlan(f *testing.F) {
	for _, text := range []string{
		"exten => s,1,ExecIf(${X}?Goto(a):Exec(Gosub(b,s,1(x))))", "exten => s,1,GotoIf($[${X:1} = 1]?a,b,c:d)", "include => b",
		"exten => s,1,Set(LEN(x)=${PUSH(${NOSUCH(1)})})", "exten => s,1,GotoIfTime(9:00-17:00,*,*,*?a:b)", "switch => x/y",
	} {
		f.Add(text + "\n")
	}
	apps, funcs := tables(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := dialplan.LoadFile(dialplantest.Loader("[a]\n"+text), "extensions.conf", false)
		if err != nil {
			return
		}
		for _, w := range append(lint.Targets(p, len(text)%2 == 0), lint.Names(p, apps, funcs)...) {
			if w.File != "extensions.conf" || w.Line < 1 {
				t.Fatalf("%+v", w)
			}
		}
	})
}
