package router

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/forward/allocation"
)

// TestWhatIsLeftOutIsNotLost: a transport that leaves all out for a while, as one does that waits for
// a key frame, loses no time by it: what there is room for is found as soon as something goes out.
func TestWhatIsLeftOutIsNotLost(t *testing.T) {
	r := newRoom(t)
	c := r.camera(false)
	w := r.watcher(20_000_000)
	begins, refused := r.now+time.Second, 0
	w.party.cfg.Send = func(packet []byte) bool {
		if r.now < begins {
			refused++
			return false
		}
		return w.send(packet)
	}
	v := w.watch(c, 1000)
	v.Show(allocation.Large, false)
	r.run(time.Second)
	start := w.party.Estimate()
	if refused == 0 || w.bytes > 0 {
		t.Fatalf("%d packets were left out, %d bytes not", refused, w.bytes)
	}
	r.run(2500 * ms)
	if got := v.Current(); got != 2 {
		t.Errorf("layer %d, want 2: the estimate was %d, and is %d", got, start, w.party.Estimate())
	}
	// The same in the midst of it.
	before := w.party.Estimate()
	begins = r.now + time.Second
	r.run(2 * time.Second)
	if got := w.party.Estimate(); got < before*9/10 {
		t.Errorf("estimate %d, it was %d before something was left out", got, before)
	}
}
