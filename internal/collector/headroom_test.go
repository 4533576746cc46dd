package collector

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 4 << 20: 400, 8 << 20: 400, 16 << 20: 200, 24 << 20: 133, 32 << 20: 100, 1 << 40: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("%d bytes: %d, want %d", live, got, want)
		}
	}
}

// GOGC follows what lives, in steps, and reaches both ends.
func TestHeadroom(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	h := headroom{percent: mostPercent}
	for _, tt := range []struct {
		live uint64
		want int
	}{{1 << 20, 400}, {9 << 20, 400}, {16 << 20, 200}, {18 << 20, 200}, {30 << 20, 106}, {32 << 20, 100}, {33 << 20, 100}, {4 << 20, 400}} {
		if got := h.adjust(tt.live); got != tt.want {
			t.Errorf("%d MiB: %d, want %d", tt.live>>20, got, tt.want)
		}
	}
	if got := debug.SetGCPercent(77); got != 400 {
		t.Errorf("gogc %d", got)
	}
}

// Collections are noticed, all of them, until it is told to stop.
func TestHeadroomFollows(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	h := &headroom{percent: 250} // whatever lives here, that is changed
	var heap [][]byte
	for range 100 {
		heap = append(heap, make([]byte, 1<<20))
	}
	h.watch()
	settled := func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.percent == leastPercent
	}
	for !settled() {
		runtime.GC()
		runtime.Gosched()
	}
	runtime.KeepAlive(heap)
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
}
