package bench

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
	f, err := parseFootprint(few[1:])
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
	each := many.each(f, 10)
	if each.Live.Bytes != 400 || each.Spans.Bytes != 500 || each.Stacks.Bytes != 2000 || each.Stacks.Count != 1 || each.Overhead.Bytes != 0 ||
		!reflect.DeepEqual(each.Owners, []Holding{{"mixer.(*Engine).NewPort", 300, 1}, {"sip.(*Server).newDialog", 10, 0.1}}) {
		t.Errorf("%+v", each)
	}
	var text strings.Builder
	if err := (&MemoryEach{Workload: "rooms", Few: 10, Many: 20, Resident: 9000, Collected: 8000, Footprint: each}).Print(&text, 100); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"400  bytes that live", "100  the room", "2000  stacks of 1.00", "5500  kept for later", "9000  resident, as", "300   1.00 × mixer.(*Engine).NewPort"} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("no %q in\n%s", line, text.String())
		}
	}
	m := &MemoryEach{Resident: 9000, Collected: 2000, Footprint: each}
	if got, want := m.most(false), "stacks 2.0 KiB, live on the heap 0.4 KiB"; got != want {
		t.Errorf("most of what is held: %q, want %q", got, want)
	}
	if got, want := m.most(true), "not yet collected 6.8 KiB, stacks 2.0 KiB"; got != want {
		t.Errorf("most of what is resident: %q, want %q", got, want)
	}
	if strings.Contains(text.String(), "newDialog") {
		t.Errorf("what is less than asked for is in\n%s", text.String())
	}
	for _, bad := range []string{"", "1\n", "x - live\n", "1 x live\n", "1 - live\n1 - spans\n", strings.Replace(few[1:], "stacks", "", 1)} {
		if f, err := parseFootprint(bad); err == nil {
			t.Errorf("%q: %+v", bad, f)
		}
	}
}
