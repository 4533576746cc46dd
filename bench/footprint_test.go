package bench

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/bench/footprint"
)

func TestMemoryEach(t *testing.T) {
	type h = footprint.Holding
	each := &footprint.Footprint{
		Live: h{Name: "live", Bytes: 400}, Spans: h{Name: "spans", Bytes: 500}, Stacks: h{Name: "stacks", Bytes: 2000, Count: 1}, Overhead: h{Name: "overhead"},
		Owners: []h{{Name: "mixer.(*Engine).NewPort", Bytes: 300, Count: 1}, {Name: "sip.(*Server).newDialog", Bytes: 10, Count: 0.1}},
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
}
