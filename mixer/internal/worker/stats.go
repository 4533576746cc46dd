package worker

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// membersChanged makes a join or leave visible, at the end of the commands of this
// tick: many may join at once.
func (w *Worker) membersChanged(x *Room) {
	if !x.unseen {
		x.unseen = true
		w.unseen = append(w.unseen, x)
	}
}

// publishMembers makes the joins and leaves of this tick visible.
func (w *Worker) publishMembers() {
	for i, x := range w.unseen {
		w.unseen[i] = nil
		x.unseen = false
		x.PublishMembers()
	}
	w.unseen = w.unseen[:0]
}

// skip counts a frame that was not mixed.
func (x *Room) skip(w *Worker) {
	x.ran = w.Now.Tick // nobody owes it, wherever the room goes
	x.Stats.Skipped.Add(1)
	w.Stats.skipped.Add(1)
}

// publish lets the control side see the worker's counters.
func (w *Worker) publish() {
	s := &w.Stats
	s.ticks.Add(1)
	if w.Now.Tick%(5*pace.TicksPerSecond) == 0 {
		s.previous.Store(s.latest.Swap(0))
	}
	if w.Now.Tick%(pace.TicksPerFrame*leg.PublishFrames) != 0 {
		return
	}
	s.Busy.Store(math.Float64bits(w.Budget.Busy()))
	s.in.Store(w.Count.In)
	s.out.Store(w.Count.Out)
	s.dropped.Store(w.Count.Dropped + w.Memory.Dropped)
	s.encodeErrors.Store(w.Batches.Errors)
}

// Snapshot reads the counters; safe from anywhere.
func (w *Worker) Snapshot() Report {
	s := &w.Stats
	ws := Report{
		Legs: int(w.Legs.Load()), Rooms: int(s.rooms.Load()),
		Ticks: s.ticks.Load(), TicksMissed: s.missed.Load(), Skipped: s.skipped.Load(),
		Busy:        math.Float64frombits(s.Busy.Load()),
		LatenessMax: time.Duration(max(s.latest.Load(), s.previous.Load())),
		PacketsIn:   s.in.Load(), PacketsOut: s.out.Load(), PacketsDropped: s.dropped.Load(),
		EncodeErrors: s.encodeErrors.Load(),
	}
	if how := s.scheduling.Load(); how != nil {
		ws.Scheduling = *how
	}
	if how := s.io.Load(); how != nil {
		ws.IO = *how
	}
	for i := range ws.Lateness {
		ws.Lateness[i] = s.Lateness[i].Load()
	}
	return ws
}

// Stats is what the control side sees of a worker.
type Stats struct {
	scheduling       atomic.Pointer[string]
	io               atomic.Pointer[IO]
	rooms            atomic.Int64
	Links            pace.Cost // all of them in a frame
	ticks, missed    atomic.Uint64
	skipped          atomic.Uint64
	Busy             atomic.Uint64 // math.Float64bits
	Lateness         [LatenessBuckets]atomic.Uint64
	latest, previous atomic.Int64 // of this and the last five seconds
	in, out, dropped atomic.Uint64
	encodeErrors     atomic.Uint64
}

// Late takes note of how late a tick started, in nanoseconds.
func (s *Stats) Late(ns int64) {
	i := min(bits.Len64(uint64(max(ns, 0))/1000), LatenessBuckets-1)
	s.Lateness[i].Add(1)
	if ns > s.latest.Load() {
		s.latest.Store(ns)
	}
}
