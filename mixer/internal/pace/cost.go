package pace

import "sync/atomic"

// Cost is what a frame of something takes, in nanoseconds of processor time, averaged over
// the last few that were measured.
type Cost struct{ Average atomic.Int64 }

// Add takes a measurement in.
func (c *Cost) Add(ns int64) {
	is := c.Average.Load()
	if is == 0 {
		is = ns
	}
	c.Average.Store(is + (ns-is)/4)
}

// Share is the part of a worker's time that it takes.
func (c *Cost) Share() float64 {
	return float64(c.Average.Load()) / float64(TicksPerFrame*Tick)
}
