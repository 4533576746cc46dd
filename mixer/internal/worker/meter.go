package worker

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

// What rooms and pairs cost is measured in one frame of publishFrames: to ask for the
// processor time of a thread is a system call.

// meterLinks begins to measure what the links of a tick cost together; false when that is
// not due.
func (w *Worker) meterLinks() (from int64, due bool) {
	if w.Now.Tick/pace.TicksPerFrame%leg.PublishFrames != room.MeterFrame {
		return 0, false
	}
	return w.Budget.Used(), true
}

func (w *Worker) meteredLinks(from int64) {
	w.linksTime += w.Budget.Used() - from
	if w.Now.Tick%pace.TicksPerFrame == pace.TicksPerFrame-1 {
		w.Stats.Links.Add(w.linksTime)
		w.linksTime = 0
	}
}
