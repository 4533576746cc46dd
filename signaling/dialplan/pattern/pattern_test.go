package pattern

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/dialplan/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(data), "\n"), "\n")
}

func compileAll(t testing.TB, names []string) []Pattern {
	t.Helper()
	patterns := make([]Pattern, len(names))
	for i, n := range names {
		p, err := Compile(n)
		if err != nil {
			t.Fatal(err)
		}
		patterns[i] = p
	}
	return patterns
}

// TestOrder sorts testdata/dialplan/pattern-order.txt, which is in the order that a real
// Asterisk 22 shows the same extensions.
func TestOrder(t *testing.T) {
	want := lines(t, "pattern-order.txt")
	for seed := range uint64(20) {
		got := compileAll(t, want)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		for i, p := range got {
			if p.String() != want[i] {
				t.Fatalf("place %d has %s, want %s", i, p, want[i])
			}
		}
	}
}

// TestMatch goes through testdata/dialplan/pattern-matches.tsv: a number, and the
// extensions of pattern-order.txt that match it in a real Asterisk 22.
func TestMatch(t *testing.T) {
	patterns := compileAll(t, lines(t, "pattern-order.txt"))
	for _, line := range lines(t, "pattern-matches.tsv") {
		number, want, _ := strings.Cut(line, "\t")
		var got []string
		for _, p := range patterns {
			if p.Match(number, Match) != No {
				got = append(got, p.String())
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s matches %s, want %s", number, s, want)
		}
	}
}

func TestMatchModes(t *testing.T) {
	for _, c := range []struct {
		pattern, dialled      string
		match, can, matchMore Result
	}{
		{"1001", "1001", Yes, Yes, No},
		{"1001", "100", No, Yes, Yes},
		{"1001", "", No, Yes, Yes},
		{"1001", "10012", No, No, No},
		{"1001", "1-00-1", Yes, Yes, No},
		{"_1XXX", "", No, Yes, Yes},
		{"_1XXX", "1", No, Yes, Yes},
		{"_1XXX", "1234", Yes, Yes, No},
		{"_1XXX", "12345", No, No, No},
		{"_1XXX", "2", No, No, No},
		{"_X.", "1", No, Yes, Yes},
		{"_X.", "12", Yes, Yes, Yes},
		{"_X!", "", No, Yes, Yes},
		{"_X!", "1", Early, Early, Early},
		{"_X!", "123", Early, Early, Early},
		{"_!", "", Early, Early, Early},
		{"_.", "", No, Yes, Yes},
		{"_", "", Yes, Yes, No},
		{"_", "1", No, No, No},
		{"_[]1", "1", No, No, No},
		{"_X.", "_X.", Yes, No, No},
		{"_[5-1]", "3", No, No, No},
		{"_[a-]", "-", No, Yes, Yes}, // a hyphen that was dialled is not there
	} {
		p := MustCompile(c.pattern)
		for mode, want := range map[Mode]Result{Match: c.match, CanMatch: c.can, MatchMore: c.matchMore} {
			if got := p.Match(c.dialled, mode); got != want {
				t.Errorf("%s.Match(%q, mode %d) = %d, want %d", c.pattern, c.dialled, mode, got, want)
			}
		}
	}
}

func TestMatchCallerID(t *testing.T) {
	for _, c := range []struct {
		pattern, number string
		want            bool
	}{
		{"", "", true}, {"", "1", false}, {"1", "", false}, {"_555X.", "55512", true}, {"_555X.", "555", false}, {"1001", "1001", true},
	} {
		if got := MatchCallerID(MustCompile(c.pattern), c.number); got != c.want {
			t.Errorf("%q by %q: %v", c.pattern, c.number, got)
		}
	}
}

func TestBrokenPattern(t *testing.T) {
	p, err := Compile("_1[2")
	if err == nil {
		t.Fatal("an open set is taken without an error")
	}
	if p.Match("12", Match) != No || Compare(p, MustCompile("_1!")) <= 0 {
		t.Error("a broken pattern matches, or does not come last")
	}
}

// FuzzPattern checks that no pattern panics, that the order is a total one, and that
// equal patterns match alike.
func FuzzPattern(f *testing.F) {
	names := lines(f, "pattern-order.txt")
	for i, n := range names {
		f.Add(n, names[(i*7)%len(names)], names[(i*13)%len(names)], "9123")
	}
	f.Fuzz(func(t *testing.T, x, y, z, dialled string) {
		a, errA := Compile(x)
		b, errB := Compile(y)
		c, errC := Compile(z)
		for _, p := range []Pattern{a, b, c} {
			m := p.Match(dialled, Match)
			if m != No && p.Match(dialled, CanMatch) == No && dialled != p.String() {
				t.Fatalf("%s matches %q but cannot", p, dialled)
			}
			if p.Match(dialled, MatchMore) != No && p.Match(dialled, CanMatch) == No {
				t.Fatalf("%s could match more than %q but cannot match", p, dialled)
			}
		}
		ab, ba, bc, ac := Compare(a, b), Compare(b, a), Compare(b, c), Compare(a, c)
		if ab != -ba {
			t.Fatalf("Compare(%s, %s) = %d, the other way %d", a, b, ab, ba)
		}
		if ab <= 0 && bc <= 0 && ac > 0 {
			t.Fatalf("%s <= %s <= %s, but not the first and last", a, b, c)
		}
		if Compare(a, a) != 0 {
			t.Fatalf("%s is not equal to itself", a)
		}
		if errA == nil && errB == nil && errC == nil && Same(a, b) && x != dialled && y != dialled &&
			a.Match(dialled, Match) != b.Match(dialled, Match) {
			t.Fatalf("%s and %s are the same but match %q differently", a, b, dialled)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p := MustCompile("_1NXXNXXXXXX")
	b.ReportAllocs()
	for b.Loop() {
		if p.Match("12125551234", Match) == No {
			b.Fatal("no match")
		}
	}
}
