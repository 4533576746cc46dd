package footprint

import (
	"reflect"
	"strings"
	"testing"
)

func TestFootprint(t *testing.T) {
	const few = `
    1000 - live
    1500 - spans
    4096 2 stacks
     300 - overhead
     600 6 sip.(*Server).newDialog
     100 1 
`
	f, err := parse(few[1:])
	if err != nil {
		t.Fatal(err)
	}
	want := &Footprint{
		Live: Holding{"live", 1000, 0}, Spans: Holding{"spans", 1500, 0}, Stacks: Holding{"stacks", 4096, 2}, Overhead: Holding{"overhead", 300, 0},
		Owners: []Holding{{"sip.(*Server).newDialog", 600, 6}, {"the runtime", 100, 1}},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("%+v, want %+v", f, want)
	}
	many := &Footprint{
		Live: Holding{"live", 5000, 0}, Spans: Holding{"spans", 6500, 0}, Stacks: Holding{"stacks", 24096, 12}, Overhead: Holding{"overhead", 300, 0},
		Owners: []Holding{{"sip.(*Server).newDialog", 700, 7}, {"mixer.(*Engine).NewPort", 3000, 10}},
	}
	each := many.Each(f, 10)
	if each.Live.Bytes != 400 || each.Spans.Bytes != 500 || each.Stacks.Bytes != 2000 || each.Stacks.Count != 1 || each.Overhead.Bytes != 0 ||
		!reflect.DeepEqual(each.Owners, []Holding{{"mixer.(*Engine).NewPort", 300, 1}, {"sip.(*Server).newDialog", 10, 0.1}}) {
		t.Errorf("%+v", each)
	}
	for _, bad := range []string{"", "1\n", "x - live\n", "1 x live\n", "1 - live\n1 - spans\n", strings.Replace(few[1:], "stacks", "", 1)} {
		if f, err := parse(bad); err == nil {
			t.Errorf("%q: %+v", bad, f)
		}
	}
}
