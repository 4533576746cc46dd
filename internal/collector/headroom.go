package collector

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// What garbage may gather before it is collected. Ticks come late while the collector
// works, so it is to work seldom; how seldom, the bytes between two collections say, not
// their share of what lives. A server of few calls has room for 32 MiB of garbage up to
// four times what lives, and so does one of many, where to leave a share would cost each
// call several times what it holds; never less than as much as lives, Go's own measure,
// or the collector would have to work more often the more calls there are.
const (
	roomForGarbage = 32 << 20
	mostPercent    = 400
	leastPercent   = 100
)

// percentFor is GOGC for so many bytes that live.
func percentFor(live uint64) int {
	return int(min(max(roomForGarbage*100/max(live, 1), leastPercent), mostPercent)) //nolint:gosec // bounded
}

// headroom sets GOGC anew after collections.
type headroom struct {
	mu      sync.Mutex
	percent int
	stopped bool
}

// followHeap begins to set GOGC by what lives, until the function that it gives is called.
func followHeap() (stop func()) {
	h := &headroom{percent: mostPercent}
	debug.SetGCPercent(h.percent)
	h.watch()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.stopped = true
	}
}

// watch has adjust run after the next collection, on a goroutine of the runtime's: what it
// makes here is garbage, which that will find.
func (h *headroom) watch() { runtime.AddCleanup(new([64]byte), (*headroom).collected, h) }

func (h *headroom) collected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	h.adjust(lives())
	h.watch()
}

// adjust changes GOGC where it is off by more than a quarter: each change stops the
// process for some microseconds. It gives what GOGC is.
func (h *headroom) adjust(live uint64) int {
	want := percentFor(live)
	if off := want - h.percent; off > h.percent/4 || -off > h.percent/4 || want != h.percent && (want == mostPercent || want == leastPercent) {
		h.percent = want
		debug.SetGCPercent(want)
	}
	return h.percent
}

// lives is what the last collection found to live, in bytes, with the stacks and variables
// that GOGC counts too.
func lives() (bytes uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			bytes += s.Value.Uint64()
		}
	}
	return bytes
}
