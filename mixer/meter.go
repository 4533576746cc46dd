package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// What rooms and pairs cost is measured in one frame of publishFrames: to ask for the
// processor time of a thread is a system call.

// meterLinks begins to measure what the links of a tick cost together; false when that is
// not due.
func (w *worker) meterLinks() (from int64, due bool) {
	if w.now.Tick/pace.TicksPerFrame%publishFrames != meterFrame {
		return 0, false
	}
	return w.budget.Used(), true
}

func (w *worker) meteredLinks(from int64) {
	w.linksTime += w.budget.Used() - from
	if w.now.Tick%pace.TicksPerFrame == pace.TicksPerFrame-1 {
		w.stats.links.add(w.linksTime)
		w.linksTime = 0
	}
}
