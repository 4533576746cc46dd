package dialplan_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

func TestFind(t *testing.T) {
	p := dialplantest.Plan(t, `
[a]
exten => 100,1,NoOp
exten => _1XX,1,NoOp
exten => _1XX,2(two),NoOp
exten => _X.,3,NoOp
exten => _9!,1,NoOp
exten => 200,hint,PJSIP/200
include => b
include => night,22:00-06:00,mon-fri,*,*
ignorepat => 9
[b]
include => a
exten => 300,1(x),NoOp
[night]
exten => 400,1,NoOp
`, false)
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) // a Friday
	night := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		exten    string
		priority int
		at       time.Time
		want     string // context/extension
	}{
		{"100", 1, day, "a/100"},
		{"100", 2, day, "a/_1XX"},
		{"100", 3, day, "a/_X."},
		{"100", 4, day, ""},
		{"300", 1, day, "b/300"},
		{"400", 1, day, ""},
		{"400", 1, night, "night/400"},
		{"200", 1, day, ""},
		{"9", 1, day, "a/_9!"},
	} {
		got := ""
		if f, ok := p.Find("a", c.exten, c.priority, "", c.at); ok {
			got = f.Context.Name + "/" + f.Extension.Name()
		}
		if got != c.want {
			t.Errorf("%s,%d is found in %q, want %q", c.exten, c.priority, got, c.want)
		}
	}
	if n := p.FindLabel("a", "100", "two", "", day); n != 2 {
		t.Errorf("label two of 100 is %d", n)
	}
	if n := p.FindLabel("a", "300", "x", "", day); n != 1 {
		t.Errorf("label x of 300 is %d", n)
	}
	if n := p.FindLabel("a", "100", "none", "", day); n != 0 {
		t.Errorf("label none of 100 is %d", n)
	}
	if h := p.FindHint("a", "200", "", day); h == nil || h.App != "PJSIP/200" {
		t.Errorf("hint of 200 is %v", h)
	}
	if !p.IgnoresPattern("a", "9") || p.IgnoresPattern("a", "8") {
		t.Error("ignorepat is taken wrong")
	}
	for digits, want := range map[string][2]bool{ // can match, could match more
		"1": {true, true}, "10": {true, true}, "100": {true, false}, "9": {true, false}, "3": {true, true}, "x": {false, false},
	} {
		if got := [2]bool{p.CanMatch("a", digits, "", day), p.MatchMore("a", digits, "", day)}; got != want {
			t.Errorf("%s can match, could match more: %v, want %v", digits, got, want)
		}
	}
}

// TestIncludesEnd has includes in a circle and a chain longer than the search goes.
func TestIncludesEnd(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "[c%d]\ninclude => c%d\ninclude => c0\n", i, i+1)
	}
	b.WriteString("[c1000]\nexten => far,1,NoOp\n")
	p := dialplantest.Plan(t, b.String(), false)
	if p.Exists("c0", "far", "", time.Time{}) {
		t.Error("an extension is found a thousand includes away")
	}
	if !p.Exists("c600", "far", "", time.Time{}) {
		t.Error("an extension is not found 400 includes away")
	}
}

// FuzzLoad looks for panics, and for plans that are out of order.
func FuzzLoad(f *testing.F) {
	bad, err := os.ReadFile(testdata + "run/bad-lines.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(bad)) {
		f.Add("[a]\n" + line)
	}
	f.Add("[a]\nexten => _X./_1X.,n(x)+2,Goto(a,b,c)\nsame => hint,x\ninclude => a,1:00-2:00,mon\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := dialplan.LoadFile(dialplantest.Loader(text), "extensions.conf", len(text)%2 == 0)
		if err != nil {
			return
		}
		for _, c := range p.Contexts() {
			for i, e := range c.Extensions {
				if i > 0 && outOfOrder(c.Extensions[i-1], e) {
					t.Fatalf("%s comes before %s", c.Extensions[i-1].Name(), e.Name())
				}
				for j := range e.Priorities {
					if j > 0 && e.Priorities[j-1].Number >= e.Priorities[j].Number {
						t.Fatalf("%s has priority %d before %d", e.Name(), e.Priorities[j-1].Number, e.Priorities[j].Number)
					}
					if e.At(e.Priorities[j].Number) != &e.Priorities[j] {
						t.Fatalf("%s does not find its priority %d", e.Name(), e.Priorities[j].Number)
					}
				}
				p.Find(c.Name, e.Pattern.String(), 1, "123", time.Time{})
			}
		}
	})
}

// outOfOrder reports whether b must come before a: by name, and of one name those for
// certain callers first.
func outOfOrder(a, b *dialplan.Extension) bool {
	switch order := pattern.Compare(a.Pattern, b.Pattern); {
	case order != 0:
		return order > 0
	case a.HasCallerID && b.HasCallerID:
		return pattern.Compare(a.CallerID, b.CallerID) > 0
	}
	return b.HasCallerID
}

// BenchmarkFind looks a number up in a context of 1,000 extensions and 100 patterns.
func BenchmarkFind(b *testing.B) {
	var text strings.Builder
	text.WriteString("[a]\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "exten => %d,1,NoOp\n", 1000+i)
	}
	for i := range 100 {
		fmt.Fprintf(&text, "exten => _%dX.,1,NoOp\n", 100+i)
	}
	p := dialplantest.Plan(b, text.String(), false)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.Find("a", "19955512", 1, "", time.Time{}); !ok {
			b.Fatal("not found")
		}
	}
}
