package worker

import (
	"log/slog"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/handout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

// Annex is a part of a room on another worker: members who only listen. That worker takes
// what they send and sends them what the room has encoded for all who listen. A member
// that begins to speak, or that a command is for, goes home to the room's worker first.
//
// Members are overheard for a frame one tick before the room mixes it, so that who begins
// to speak is at home in time to be heard in that frame.
type Annex struct {
	room.Outlet
	hall *Room
	Home Home // of its members; the worker never changes

	// Of the room's worker.
	recall atomic.Bool // all are to go home, for good
	landed uint64      // members who came home

	// Of the annex's worker.
	listed   bool // in its list
	phase    int64
	seats    []*Seat
	ran      int64          // the frame that members are overheard for, or were
	left     int            // of them, for that frame
	turn     int            // the one whose turn it is
	frame    *handout.Frame // that is being sent
	sent     int            // seats[:sent] have it
	time     int64          // processor time of the frame that is measured
	Cost     pace.Cost      // the control side reads it
	Returned atomic.Uint64  // members that were given home
}

// NewAnnex makes an annex of a room at a worker. It runs on the control side.
func NewAnnex(x *Room, w *Worker) *Annex {
	a := &Annex{hall: x}
	a.Home.At.Store(w)
	return a
}

// land takes in members that were lent. Those that a command has called back meanwhile
// are not the annex's any more.
func (a *Annex) land(w *Worker, seats []*Seat) {
	a.open(w)
	for _, s := range seats {
		if s.home.Load() == &a.Home {
			a.seat(w, s)
		}
	}
}

// seat takes in one member, whose panic ends it alone.
func (a *Annex) seat(w *Worker, s *Seat) {
	defer w.rescueAnnex(a, w.Now)
	w.adopted(1)
	s.at = int32(len(a.seats))
	a.seats = append(a.seats, s)
	w.phases[a.phase]++
	w.Current = &s.Leg
	s.Unpack(&w.Bench, s.away.bag)
	s.away.bag.Reset()
	s.Carry()
	a.catchUp(w, s)
}

// open puts the annex into its worker's list.
func (a *Annex) open(w *Worker) {
	if a.listed {
		return
	}
	a.listed = true
	a.phase = (a.hall.phase + pace.TicksPerFrame - 1) % pace.TicksPerFrame
	since := (w.Now.Tick - a.hall.phase) % pace.TicksPerFrame
	a.ran, a.left, a.frame = w.Now.Tick-since, 0, nil
	for a.Frames.Next() != nil { // nobody has waited for them, or will find them in the past
	}
	w.annexes = append(w.annexes, a)
}

// catchUp does for a leg that has come what was due on its way.
func (a *Annex) catchUp(w *Worker, s *Seat) {
	now := w.Now
	w.Current = &s.Leg
	for due := max(s.Weighed(), a.ran-owedTicks) + pace.TicksPerFrame; due <= a.ran; due += pace.TicksPerFrame {
		w.Now = ahead(now, due)
		if !s.Overhear(&w.Floor, a.hall.Config.Activity) {
			break // the next frame finds it as it is
		}
	}
	w.Now = now
	s.Replay(&w.Floor, &a.Frames)
	w.Current = nil
}

// ahead is the moment at which a frame is prepared that is due later, or was due before.
func ahead(now pace.Moment, due int64) pace.Moment {
	return pace.Moment{Tick: due, Wall: now.Wall, Late: now.Late - (due-now.Tick)*int64(pace.Tick)}
}

// Annexes is how many annexes have members here. It is for the worker, or when it stands still.
func (w *Worker) Annexes() int { return len(w.annexes) }

// runAnnexes serves the worker's annexes, as far as there is time.
func (w *Worker) runAnnexes(past func() bool) {
	for i := 0; i < len(w.annexes); i++ {
		a := w.annexes[i]
		w.runAnnex(a, past)
		if len(a.seats) == 0 {
			a.listed = false
			last := len(w.annexes) - 1
			w.annexes[i] = w.annexes[last]
			w.annexes[last] = nil
			w.annexes = w.annexes[:last]
			i--
		}
	}
}

func (w *Worker) runAnnex(a *Annex, past func() bool) {
	defer w.rescueAnnex(a, w.Now)
	if a.recall.Load() {
		a.releaseAll(w)
		return
	}
	if now := w.Now; now.Tick%pace.TicksPerFrame == a.phase {
		due := now.Tick + 1
		if due > a.ran {
			w.Stats.skipped.Add(uint64(a.left))
			if a.left == 0 {
				a.turn = 0
			}
			a.ran, a.left = due, len(a.seats)
		}
		w.Now = ahead(now, due)
		a.metered(w, due, func() { a.receive(w, past) })
		w.Now = now
	}
	for {
		if a.frame == nil {
			if a.frame, a.sent = a.Frames.Next(), 0; a.frame == nil {
				return
			}
		}
		a.metered(w, a.frame.Tick, func() { a.send(w, past) })
		if a.frame != nil {
			return
		}
	}
}

// rescueAnnex ends the port whose work panicked; when it was the annex's own, all members
// go home.
func (w *Worker) rescueAnnex(a *Annex, now pace.Moment) {
	w.Now = now
	r := recover() //nolint:revive // callers defer this method
	if r == nil {
		return
	}
	err := leg.Panicked(r)
	if w.Current != nil {
		w.Current.FailSoon(&w.Bench, err)
		w.Current = nil
		return
	}
	a.Panicked(w.Log, w, err)
	w.guarded(func() { a.releaseAll(w) })
}

// Panicked says that the annex's own work did.
func (a *Annex) Panicked(log *slog.Logger, w *Worker, err error) {
	log.Error("mixer annex panicked", "bridge", a.hall.Config.Name, "worker", w.Index, "err", err)
}

// metered runs a part of a frame, and measures it in one of leg.PublishFrames.
func (a *Annex) metered(w *Worker, due int64, part func()) {
	if due/pace.TicksPerFrame%leg.PublishFrames != room.MeterFrame {
		part()
		if a.time > 0 {
			a.Cost.Add(a.time)
			a.time = 0
		}
		return
	}
	from := w.Budget.Used()
	part()
	a.time += w.Budget.Used() - from
}

// receive takes what the members have sent, for the frame that is due next.
func (a *Annex) receive(w *Worker, past func() bool) {
	publish := w.Now.Tick/pace.TicksPerFrame%leg.PublishFrames == 0
	for ; a.left > 0; a.left-- {
		if a.left%lookEvery == 0 && past() {
			return
		}
		if a.turn >= len(a.seats) {
			a.turn = 0
		}
		s := a.seats[a.turn]
		w.Current = &s.Leg
		if !s.Overhear(&w.Floor, a.hall.Config.Activity) {
			w.Current = nil
			a.release(w, s)
			continue
		}
		a.turn++
		s.Housekeep(&w.Bench)
		if publish {
			s.PublishLevel()
		}
	}
	w.Current = nil
}

// send sends members the frame that the room has made.
func (a *Annex) send(w *Worker, past func() bool) {
	for a.sent < len(a.seats) {
		if a.sent%lookEvery == 0 && past() {
			return
		}
		s := a.seats[a.sent]
		a.sent++ // first, so that one that panics is not met again
		w.Current = &s.Leg
		s.SendFrame(&w.Floor, a.frame)
	}
	w.Current, a.frame = nil, nil
}

// release gives a member home to the room's worker, with what it has buffered.
func (a *Annex) release(w *Worker, s *Seat) {
	if s.Bench != nil { // else it was on its way here
		at, last := int(s.at), len(a.seats)-1
		if a.frame != nil && at < a.sent { // its place is one of those that have the frame
			a.sent--
			a.put(at, a.seats[a.sent])
			at = a.sent
		}
		a.put(at, a.seats[last])
		a.seats[last] = nil
		a.seats = a.seats[:last]
		w.phases[a.phase]--
		w.Legs.Add(-1)
		if err := w.TakeFailure(&s.Leg); err != nil {
			s.away.failure = err
		}
		s.Pack(&w.Floor, s.away.bag)
	}
	s.home.Store(&a.hall.Home) // from here on it is the room's worker's
	a.Returned.Add(1)
}

func (a *Annex) put(at int, s *Seat) { a.seats[at], s.at = s, int32(at) }

// releaseAll gives all members home.
func (a *Annex) releaseAll(w *Worker) {
	for n := len(a.seats); n > 0; n-- {
		a.release(w, a.seats[n-1])
	}
}
