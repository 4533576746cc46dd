package mixer

import "sync/atomic"

// budget keeps a worker from starving the rest of the machine, which it could
// under SCHED_FIFO. Each tick earns a share of its length in processor time; what
// is not used is kept for up to a frame's worth of ticks, so that one large room
// may take longer than its tick as long as the whole frame fits. Processor time,
// not the clock on the wall, is what counts: a worker that was not scheduled has
// spent nothing.
type budget struct {
	perTick int64 // nanoseconds earned
	credit  int64
	start   int64 // of the tick, by now
	used    int64 // by cpu, at start
	average int64 // processor time of a tick over about a second, times 256
	hot     int   // ticks until new work is taken again

	now, cpu func() int64
	over     atomic.Bool
}

// coolTicks is how long new work is refused after work was skipped.
const coolTicks = int(ticksPerSec)

func (b *budget) init(share float64) {
	b.perTick = int64(share * float64(tickLength))
	b.cpu = threadTime
}

func (b *budget) begin() {
	b.credit = min(b.credit+b.perTick, ticksPerFrame*b.perTick)
	b.start, b.used = b.now(), b.cpu()
}

// spent reports whether the tick must end.
func (b *budget) spent() bool {
	if b.now()-b.start <= b.credit {
		return false // no more processor time than time
	}
	if b.cpu()-b.used <= b.credit {
		return false
	}
	b.hot = coolTicks
	return true
}

func (b *budget) end() {
	used := b.cpu() - b.used
	b.credit -= used
	b.average += used - b.average>>8
	if b.hot > 0 {
		b.hot--
	}
	if over := b.hot > 0 || b.average>>8 > b.perTick; over != b.over.Load() {
		b.over.Store(over)
	}
}

// busy is the share of the time that is worked.
func (b *budget) busy() float64 { return float64(b.average>>8) / float64(tickLength) }

// overloaded reports whether new work is to be refused; safe from anywhere.
func (b *budget) overloaded() bool { return b.over.Load() }
