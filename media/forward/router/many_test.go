package router

import (
	"testing"
	"time"
)

// TestManyAreSeenSoon: on a way that is wide enough all of nine cameras are there in seconds, in the
// layer that is shown.
func TestManyAreSeenSoon(t *testing.T) {
	r := newRoom(t)
	w := r.watcher(20_000_000)
	var views []*View
	for i := range uint32(9) {
		v := w.watch(r.camera(false), 1000+10*i)
		v.Show(360, false)
		views = append(views, v)
	}
	began := r.now
	for _, layer := range []int{0, 1} {
		for all := false; !all; r.run(20 * ms) {
			all = true
			for _, v := range views {
				all = all && v.Current() >= layer
			}
			if r.now-began > time.Minute {
				t.Fatalf("not all have layer %d; estimate %d", layer, w.party.Estimate())
			}
		}
		t.Logf("layer %d of all after %v", layer, r.now-began)
	}
	if took := r.now - began; took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
}
