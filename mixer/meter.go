package mixer

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// What rooms and pairs cost is measured in one frame of publishFrames: to ask for the
// processor time of a thread is a system call.

// meterFrame is the frame of publishFrames that is measured; not the one in which counters
// are published.
const meterFrame = publishFrames / 2

// cost is what a frame of something takes, in nanoseconds of processor time, averaged over
// the last few that were measured.
type cost struct{ average atomic.Int64 }

func (c *cost) add(ns int64) {
	is := c.average.Load()
	if is == 0 {
		is = ns
	}
	c.average.Store(is + (ns-is)/4)
}

// share is the part of a worker's time that it takes.
func (c *cost) share() float64 {
	return float64(c.average.Load()) / float64(pace.TicksPerFrame*pace.Tick)
}

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
