package audience

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const anna, ben, cleo, dora = 1, 2, 3, 4

// Who hears whom in the arrangements that people ask for. A row is a listener, a letter
// each of the talkers that it hears.
func TestArrangements(t *testing.T) {
	for name, tt := range map[string]struct {
		set  func(*Matrix)
		want [4]string // what anna, ben, cleo, dora hear
	}{
		"everyone": {func(*Matrix) {}, [4]string{"bcd", "acd", "abd", "abc"}},
		"whisper":  {func(m *Matrix) { m.HeardBy(anna, Only, []uint32{ben}) }, [4]string{"bcd", "acd", "bd", "bc"}},
		"monitor":  {func(m *Matrix) { m.HeardBy(dora, Only, nil) }, [4]string{"bc", "ac", "ab", "abc"}},
		"monitor of one": {func(m *Matrix) {
			m.HeardBy(dora, Only, nil)
			m.Hears(dora, Only, []uint32{ben})
		}, [4]string{"bc", "ac", "ab", "b"}},
		"one left out":  {func(m *Matrix) { m.HeardBy(anna, Except, []uint32{cleo}) }, [4]string{"bcd", "acd", "bd", "abc"}},
		"one not heard": {func(m *Matrix) { m.Hears(anna, Except, []uint32{ben}) }, [4]string{"cd", "acd", "abd", "abc"}},
		"changed": {func(m *Matrix) {
			m.HeardBy(anna, Only, []uint32{ben, ben, dora})
			m.HeardBy(anna, Only, []uint32{cleo})
		}, [4]string{"bcd", "cd", "abd", "bc"}},
		"forgotten": {func(m *Matrix) {
			m.HeardBy(anna, Only, []uint32{ben})
			m.Hears(anna, Only, nil)
			m.Forget(anna)
		}, [4]string{"bcd", "acd", "abd", "abc"}},
		"both must agree": {func(m *Matrix) {
			m.HeardBy(anna, Only, []uint32{ben})
			m.Hears(ben, Only, []uint32{cleo})
		}, [4]string{"bcd", "c", "bd", "bc"}},
	} {
		var m Matrix
		tt.set(&m)
		for i, want := range tt.want {
			listener, got := uint32(i+1), ""
			for talker := uint32(anna); talker <= dora; talker++ {
				if talker != listener && m.Heard(listener, talker) {
					got += string(rune('a' + talker - 1))
				}
			}
			if got != want {
				t.Errorf("%s: %d hears %q, want %q", name, listener, got, want)
			}
		}
		if want := name == "everyone" || name == "forgotten"; m.Empty() != want {
			t.Errorf("%s: empty is %v", name, m.Empty())
		}
	}
}

// Who is not apart hears exactly the public voices, whatever was said of whom; who is
// audible is public or heard by somebody; a copy says the same.
func TestPublicAndApart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var m Matrix
		const n = 6
		member := rapid.Uint32Range(1, n)
		for range rapid.IntRange(0, 12).Draw(rt, "changes") {
			who, list := member.Draw(rt, "who"), rapid.SliceOfN(member, 0, 4).Draw(rt, "list")
			reach := Reach(rapid.IntRange(0, 2).Draw(rt, "reach"))
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0, 1:
				m.HeardBy(who, reach, list)
			case 2, 3:
				m.Hears(who, reach, list)
			default:
				m.Forget(who)
			}
		}
		var c Matrix
		c.CopyFrom(&m)
		for l := uint32(1); l <= n; l++ {
			heard := false
			for k := uint32(1); k <= n; k++ {
				heard = heard || k != l && m.Heard(k, l)
				if k == l {
					continue
				}
				if !m.Apart(l) && m.Heard(l, k) != m.Public(k) {
					rt.Fatalf("%d is not apart and hears %d: %v; public: %v", l, k, m.Heard(l, k), m.Public(k))
				}
				if c.Heard(l, k) != m.Heard(l, k) {
					rt.Fatal("the copy says something else")
				}
			}
			if heard && !m.Audible(l) {
				rt.Fatalf("%d is heard and not audible", l)
			}
		}
		if !slices.IsSorted(m.talkers.lists) || !slices.IsSorted(m.listeners.owners) {
			rt.Fatal("not sorted")
		}
	})
}

func TestLookUpAllocatesNothing(t *testing.T) {
	var m Matrix
	m.HeardBy(anna, Only, []uint32{ben, cleo})
	m.Hears(dora, Only, []uint32{ben})
	var copied Matrix
	copied.CopyFrom(&m)
	if n := testing.AllocsPerRun(100, func() {
		for l := uint32(1); l < 5; l++ {
			_ = m.Apart(l) || m.Public(l) || m.Audible(l) || m.Wanted(l) || m.Heard(l, 5-l)
		}
		copied.CopyFrom(&m)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHeard(b *testing.B) {
	var m Matrix
	for i := range uint32(1000) {
		m.HeardBy(i, Only, []uint32{i + 1})
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Heard(501, 500)
	}
}
