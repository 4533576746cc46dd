package mixer

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// membersChanged makes a join or leave visible, at the end of the commands of this
// tick: many may join at once.
func (w *worker) membersChanged(x *hall) {
	if !x.unseen {
		x.unseen = true
		w.unseen = append(w.unseen, x)
	}
}

// publishMembers makes the joins and leaves of this tick visible.
func (w *worker) publishMembers() {
	for i, x := range w.unseen {
		w.unseen[i] = nil
		x.unseen = false
		x.publishMembers()
	}
	w.unseen = w.unseen[:0]
}

// skip counts a frame that was not mixed.
func (x *hall) skip(w *worker) {
	x.ran = w.now.Tick // nobody owes it, wherever the room goes
	x.stats.skipped.Add(1)
	w.stats.skipped.Add(1)
}

// publish lets the control side see the worker's counters.
func (w *worker) publish() {
	s := &w.stats
	s.ticks.Add(1)
	if w.now.Tick%(5*pace.TicksPerSecond) == 0 {
		s.previous.Store(s.latest.Swap(0))
	}
	if w.now.Tick%(pace.TicksPerFrame*publishFrames) != 0 {
		return
	}
	s.busy.Store(math.Float64bits(w.budget.Busy()))
	s.in.Store(w.count.in)
	s.out.Store(w.count.out)
	s.dropped.Store(w.count.dropped + w.memory.Dropped)
	s.encodeErrors.Store(w.batches.Errors)
}

func (w *worker) snapshot() WorkerStats {
	s := &w.stats
	ws := WorkerStats{
		Legs: int(w.legs.Load()), Rooms: int(s.rooms.Load()),
		Ticks: s.ticks.Load(), TicksMissed: s.missed.Load(), Skipped: s.skipped.Load(),
		Busy:        math.Float64frombits(s.busy.Load()),
		LatenessMax: time.Duration(max(s.latest.Load(), s.previous.Load())),
		PacketsIn:   s.in.Load(), PacketsOut: s.out.Load(), PacketsDropped: s.dropped.Load(),
		EncodeErrors: s.encodeErrors.Load(),
	}
	if how := s.scheduling.Load(); how != nil {
		ws.Scheduling = *how
	}
	for i := range ws.Lateness {
		ws.Lateness[i] = s.lateness[i].Load()
	}
	return ws
}

// workerStats is what the control side sees of a worker.
type workerStats struct {
	scheduling       atomic.Pointer[string]
	rooms            atomic.Int64
	links            cost // all of them in a frame
	ticks, missed    atomic.Uint64
	skipped          atomic.Uint64
	busy             atomic.Uint64 // math.Float64bits
	lateness         [LatenessBuckets]atomic.Uint64
	latest, previous atomic.Int64 // of this and the last five seconds
	in, out, dropped atomic.Uint64
	encodeErrors     atomic.Uint64
}

// late takes note of how late a tick started, in nanoseconds.
func (s *workerStats) late(ns int64) {
	i := min(bits.Len64(uint64(max(ns, 0))/1000), LatenessBuckets-1)
	s.lateness[i].Add(1)
	if ns > s.latest.Load() {
		s.latest.Store(ns)
	}
}
