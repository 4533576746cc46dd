package worker

import (
	"fmt"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

// Seat is a leg, and where it is.
type Seat struct {
	room.Member

	home    atomic.Pointer[Home]
	Hall    *Room           // in a room
	couple  *Pair           // in a pair, or echoing
	loop    Pair            // to echo
	at      int32           // in the list of legs without a conversation
	luggage *playout.Parcel // what the leg has buffered, while it moves alone
	away    *away           // nil at home
}

// SettleAt prepares a seat for its first worker, which runs the command that settles it.
// It runs on the control side.
func (s *Seat) SettleAt(w *Worker, handle any, number uint32) {
	s.home.Store(&w.base)
	s.Handle, s.Holder, s.Number = handle, s, number
	s.Level, s.Loudest = dsp.Silence, dsp.Silence
}

// seatOf is the seat of a leg.
func seatOf(l *leg.Leg) *Seat { return l.Holder.(*Seat) }

// arrive gives the leg, which is nowhere, to a worker.
func (s *Seat) arrive(w *Worker) {
	s.Enter(&w.Bench)
	s.In.IdleSince = w.Now.Tick
	w.adopted(1)
	if s.luggage != nil {
		s.Unpack(&w.Bench, s.luggage)
		s.luggage = nil
	}
}

// moveTo brings the leg, out of its place, to another worker, with what it has buffered
// in luggage. It returns where the command must be run again, or nil when the leg is
// there.
func (s *Seat) moveTo(w, to *Worker, luggage *playout.Parcel) *Worker {
	if w == to {
		return nil
	}
	s.detach(w)
	if luggage == nil {
		luggage = new(playout.Parcel)
	}
	s.Leg.Pack(&w.Bench, luggage)
	s.luggage = luggage
	w.Legs.Add(-1)
	s.home.Store(&to.base) // the last: from here on it is to's
	return to
}

// detach takes the leg out of its place. What it has buffered stays, for where it
// goes.
func (s *Seat) detach(w *Worker) {
	switch s.Place {
	case leg.Solo:
		w.removeSolo(s)
	case leg.InRoom:
		s.Hall.dismiss(w, s)
	case leg.InLink:
		s.couple.dismiss(w, s)
	case leg.Nowhere:
	}
	s.Place = leg.Nowhere
	s.Ear.DropOwn()
}

// SettleSolo is for a leg that may be nowhere: nobody hears it, unless it echoes.
func (s *Seat) SettleSolo(w *Worker) {
	if s.Place != leg.Nowhere {
		return
	}
	s.Playout.Listen(false, s.Rate)
	if !s.Ended() {
		w.addSolo(s)
		s.Place = leg.Solo
	}
}

// Idle takes the leg out of where it is.
func (s *Seat) Idle(w *Worker) {
	s.detach(w)
	s.SettleSolo(w)
}

// Echo lets the leg hear itself.
func (s *Seat) Echo(w *Worker) {
	if s.Ended() {
		return
	}
	s.detach(w)
	s.couple = &s.loop
	s.loop.Echo(&w.Bench, &s.Leg)
	w.addLink(&s.loop)
}

// Join takes the leg into a room. Like every command that may take it elsewhere it returns
// the worker that is to go on with it, or nil.
func (s *Seat) Join(w *Worker, x *Room, opts room.Entry, luggage *playout.Parcel, e *Errand) *Worker {
	if s.Ended() {
		return nil
	}
	if s.Place == leg.InRoom && s.Hall == x {
		if to := e.Next(w, x); to != nil {
			return to
		}
		s.ListenOnly = opts.ListenOnly
		x.EnterRoute(&s.Member, opts)
		s.Changed()
		return nil
	}
	if to := s.moveTo(w, x.Home.At.Load(), luggage); to != nil {
		return to
	}
	x.land(w)
	if to := e.Next(w, x); to != nil {
		return to
	}
	s.detach(w)
	if !x.admit(w, s, opts) { // closed meanwhile
		s.ListenOnly, s.InMuted = opts.ListenOnly, opts.Muted
		s.SettleSolo(w)
	}
	return nil
}

// Connect takes the leg into a pair.
func (s *Seat) Connect(w *Worker, k *Pair, luggage *playout.Parcel) *Worker {
	if s.Ended() {
		return nil
	}
	if to := s.moveTo(w, k.Home.At.Load(), luggage); to != nil {
		return to
	}
	k.land(w)
	s.detach(w)
	if !k.admit(w, s) {
		s.SettleSolo(w)
	}
	return nil
}

// Close ends the leg; the event goroutine closes the transport.
func (s *Seat) Close(w *Worker) {
	s.StopPlay(&w.Bench)
	s.CancelDigits(&w.Bench)
	s.FlushDigits(&w.Bench, false)
	s.detach(w)
	s.End()
	w.Legs.Add(-1)
	w.Out.Tell(event.Event{Kind: event.Closed, Port: s.Handle})
}

// fail takes the leg out of service. Only close is left to it.
func (s *Seat) fail(w *Worker, err error) {
	s.Broken = true
	s.detach(w)
	s.EndTaps(err)
	s.SettleSolo(w)
	s.Tell(&w.Bench, event.Event{Kind: event.PortFailed, Err: fmt.Errorf("mixer: port %q: %w", s.Config.Name, err)})
}
