package callgroup_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "0": 1, "1, 3-5": 0b111010, "63": 1 << 63, "0-63": ^uint64(0)} {
		if g, err := callgroup.Parse(text, nil); err != nil || g.Numbers != want {
			t.Errorf("%q: %b, %v", text, g.Numbers, err)
		}
	}
	for _, text := range []string{"64", "-1", "5-3", "x", "1-2-3", "1--2"} {
		if g, err := callgroup.Parse("1,"+text, nil); fault.Of(err) != fault.Invalid || g.Numbers != 2 {
			t.Errorf("%q: %b, %v", text, g.Numbers, err)
		}
	}
}

func TestMeet(t *testing.T) {
	for _, ca := range []struct {
		a, b         string
		named, other []string
		want         bool
	}{
		{"1", "1", nil, nil, true}, {"1", "2", nil, nil, false}, {"", "", nil, nil, false},
		{"", "", []string{"sales", "desk"}, []string{"desk"}, true}, {"1", "2", []string{"sales"}, []string{"Sales"}, false},
	} {
		a, _ := callgroup.Parse(ca.a, ca.named)
		b, _ := callgroup.Parse(ca.b, ca.other)
		if a.Meet(b) != ca.want || b.Meet(a) != ca.want {
			t.Errorf("%+v", ca)
		}
	}
}
