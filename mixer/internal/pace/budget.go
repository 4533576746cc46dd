package pace

import "sync/atomic"

// Budget keeps a worker from starving the rest of the machine, which it could
// under SCHED_FIFO. Each tick earns a share of its length in processor time; what
// is not used is kept for up to a frame's worth of ticks, so that one large room
// may take longer than its tick as long as the whole frame fits. Processor time,
// not the clock on the wall, is what counts: a worker that was not scheduled has
// spent nothing.
type Budget struct {
	perTick int64 // nanoseconds earned
	credit  int64
	start   int64 // of the tick, by now
	used    int64 // by cpu, at start
	average int64 // processor time of a tick over about a second, times 256
	hot     int   // how much was left undone of late, falling by 1 in a tick
	undone  bool  // in this tick

	now, cpu func() int64
	over     atomic.Bool
}

const (
	// coolTicks is how long new work is refused after work was left undone.
	coolTicks = int(TicksPerSecond)
	// undoneHeat is what a tick that left work undone adds to hot, and hotTicks from
	// where on new work is refused: at the third such tick in a quarter of a second.
	// One alone says nothing of the load. On a virtual machine the time that the host
	// gave to others counts as the worker's own.
	undoneHeat = coolTicks / 4
	hotTicks   = coolTicks / 2
)

// Init sets the share of a tick that may be used, and the two clocks to go by, in
// nanoseconds: the time that passes and the worker's processor time.
func (b *Budget) Init(share float64, now, cpu func() int64) {
	b.perTick = int64(share * float64(Tick))
	b.now, b.cpu = now, cpu
}

// Begin starts a tick.
func (b *Budget) Begin() {
	b.credit = min(b.credit+b.perTick, TicksPerFrame*b.perTick)
	b.start, b.used = b.now(), b.cpu()
	b.undone = false
}

// Used is the processor time that the worker has used so far, in nanoseconds.
func (b *Budget) Used() int64 { return b.cpu() }

// Spent reports whether the tick must end.
func (b *Budget) Spent() bool {
	if !b.past(b.credit) {
		return false
	}
	b.undone = true
	return true
}

// Beyond reports whether more than a share of what the tick may use is used. It is
// for work that comes before other work: that shall not take everything, and
// what the other overspent, in ticks before, is not at its expense.
func (b *Budget) Beyond(share float64) bool {
	return b.past(int64(share * float64(max(b.credit, b.perTick))))
}

// past reports whether the tick has used more than so many nanoseconds.
func (b *Budget) past(limit int64) bool {
	// There is no more processor time than time.
	return b.now()-b.start > limit && b.cpu()-b.used > limit
}

// End ends a tick.
func (b *Budget) End() {
	used := b.cpu() - b.used
	if b.undone && b.credit >= 0 { // for its own work, not for a debt
		b.hot = min(b.hot+undoneHeat, coolTicks)
	}
	b.credit -= used
	b.average += used - b.average>>8
	if frame := TicksPerFrame * b.perTick; b.credit < -frame && b.average>>8 < b.perTick/2 {
		b.credit = -frame // it was but once: more than a frame is not taken from anyone for it
	}
	b.hot = max(b.hot-1, 0)
	over := b.hot >= hotTicks || b.hot > 0 && b.over.Load() || b.average>>8 > b.perTick
	if over != b.over.Load() {
		b.over.Store(over)
	}
}

// Busy is the share of the time that is worked.
func (b *Budget) Busy() float64 { return float64(b.average>>8) / float64(Tick) }

// Overloaded reports whether new work is to be refused; safe from anywhere.
func (b *Budget) Overloaded() bool { return b.over.Load() }
