package function_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

const substitutions = "../../../testdata/dialplan/substitutions.tsv"

// inside runs f in a call with variables, which are all that it has of time and place.
func inside(t testing.TB, variables []string, f func(c *dialplan.Call)) {
	t.Helper()
	ch := &dialplantest.Channel{Caller: dialplan.CallerID{Name: "Ann", Number: "1001"}}
	dialplantest.Inside(t, ch, func(c *dialplan.Call) {
		for _, v := range variables {
			name, value, _ := strings.Cut(v, "=")
			if err := c.SetVar(name, value); err != nil {
				t.Error(err)
			}
		}
		f(c)
	}, func(o *dialplan.Options) {
		o.SystemName, o.EntityID = "", ""
		o.Now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	})
}

// read gives the variables that substitutions.tsv begins with, and each call's cases.
func read(t testing.TB) (variables, calls []string) {
	t.Helper()
	data, err := os.ReadFile(substitutions)
	if err != nil {
		t.Fatal(err)
	}
	calls = strings.Split(string(data), "## reset\n")
	for line := range strings.Lines(calls[0]) {
		if v, ok := strings.CutPrefix(line, "## set "); ok {
			variables = append(variables, strings.TrimSuffix(v, "\n"))
		}
	}
	return append(variables, "CHANNEL(state)=Ring", "CHANNEL(language)=en", "CHANNEL(channeltype)=Local"), calls[1:]
}

// TestSubstitutions goes through testdata/dialplan/substitutions.tsv: a text, what a real
// Asterisk 22 makes of it, and where we differ on purpose what we make of it. A line of
// "## reset" begins a new call.
func TestSubstitutions(t *testing.T) {
	variables, calls := read(t)
	for _, cases := range calls {
		inside(t, variables, func(c *dialplan.Call) {
			for line := range strings.Lines(cases) {
				fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
				want := fields[len(fields)-1]
				got, err := substitute.Text(c, fields[0])
				if got != want {
					t.Errorf("%s = %q (%v), want %q", fields[0], got, err, want)
				}
			}
		})
	}
}

// FuzzFunctions looks for panics, and for results beyond the limit.
func FuzzFunctions(f *testing.F) {
	variables, calls := read(f)
	for line := range strings.Lines(strings.Join(calls, "")) {
		text, _, _ := strings.Cut(line, "\t")
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inside(t, variables, func(c *dialplan.Call) {
			if got, _ := substitute.Text(c, text); len(got) > substitute.MaxBytes {
				t.Errorf("%d bytes", len(got))
			}
		})
	})
}

func BenchmarkSubstitute(b *testing.B) {
	variables, _ := read(b)
	inside(b, variables, func(c *dialplan.Call) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := substitute.Text(c, "SIP/${EXTEN:1}@${A}-${LEN(${N})}"); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
