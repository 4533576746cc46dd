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

// inside runs f in a call with the variables that the cases of
// testdata/dialplan/substitutions.tsv use.
func inside(t testing.TB, f func(c *dialplan.Call)) {
	t.Helper()
	ch := &dialplantest.Channel{Caller: dialplan.CallerID{Name: "Ann", Number: "1001"}}
	dialplantest.Inside(t, ch, func(c *dialplan.Call) {
		for _, v := range []string{
			"A=hello", "N=12345", "E=", "I=A", "P=", "ONE=1", "Lh=nested", "LIST=a:b:c:d", "DASH=x-y-z", "COMMA=1,2,3", "MIX=a1-B2.c3",
			"GLOBAL(G)=glob", "GLOBAL(SHADOW)=g", "SHADOW=c", "RAW=${A}", "ARR=1,2,3", "CNT=5", "SP=a b c", "ABA=aaaa",
			"_INH=one", "__INH2=two", "HASH(H,k)=v", "CHANNEL(state)=Ring", "CHANNEL(language)=en", "CHANNEL(channeltype)=Local",
		} {
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

// TestSubstitutions goes through testdata/dialplan/substitutions.tsv: a text, what a real
// Asterisk 22 makes of it, and where we differ on purpose what we make of it. A line of
// ## begins a new call.
func TestSubstitutions(t *testing.T) {
	data, err := os.ReadFile(substitutions)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split("\n"+string(data), "\n##") {
		_, cases, _ := strings.Cut(part, "\n")
		inside(t, func(c *dialplan.Call) {
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
	data, err := os.ReadFile(substitutions)
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		text, _, _ := strings.Cut(line, "\t")
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inside(t, func(c *dialplan.Call) {
			if got, _ := substitute.Text(c, text); len(got) > substitute.MaxBytes {
				t.Errorf("%d bytes", len(got))
			}
		})
	})
}

func BenchmarkSubstitute(b *testing.B) {
	inside(b, func(c *dialplan.Call) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := substitute.Text(c, "SIP/${EXTEN:1}@${A}-${LEN(${N})}"); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
