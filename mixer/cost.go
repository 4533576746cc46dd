package mixer

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

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
