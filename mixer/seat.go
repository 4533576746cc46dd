package mixer

import (
	"fmt"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
)

// seat is a leg, and where it is.
type seat struct {
	member

	home    atomic.Pointer[home]
	hall    *hall           // in a room
	couple  *couple         // in a pair, or echoing
	loop    couple          // to echo
	at      int32           // in the list of legs without a conversation
	luggage *playout.Parcel // what the leg has buffered, while it moves alone
}

// settleAt prepares a seat for its first worker, which runs the command that settles it.
// It runs on the control side.
func (s *seat) settleAt(w *worker, handle any, number uint32) {
	s.home.Store(&w.base)
	s.handle, s.holder, s.number = handle, s, number
	s.level, s.loudest = dsp.Silence, dsp.Silence
}

// seatOf is the seat of a leg.
func seatOf(l *leg) *seat { return l.holder.(*seat) }

// arrive gives the leg, which is nowhere, to a worker.
func (s *seat) arrive(w *worker) {
	s.w = &w.bench
	s.in.idleSince = w.now.Tick
	w.adopted(1)
	if s.luggage != nil {
		s.unpack(&w.bench, s.luggage)
		s.luggage = nil
	}
}

// moveTo brings the leg, out of its place, to another worker, with what it has buffered
// in luggage. It returns where the command must be run again, or nil when the leg is
// there.
func (s *seat) moveTo(w, to *worker, luggage *playout.Parcel) *worker {
	if w == to {
		return nil
	}
	s.detach(w)
	if luggage == nil {
		luggage = new(playout.Parcel)
	}
	s.leg.pack(&w.bench, luggage)
	s.luggage = luggage
	w.legs.Add(-1)
	s.home.Store(&to.base) // the last: from here on it is to's
	return to
}

// detach takes the leg out of its place. What it has buffered stays, for where it
// goes.
func (s *seat) detach(w *worker) {
	switch s.place {
	case solo:
		w.removeSolo(s)
	case inRoom:
		s.hall.dismiss(w, s)
	case inLink:
		s.couple.dismiss(w, s)
	case nowhere:
	}
	s.place = nowhere
	s.ear.DropOwn()
}

// settleSolo is for a leg that may be nowhere: nobody hears it, unless it echoes.
func (s *seat) settleSolo(w *worker) {
	if s.place != nowhere {
		return
	}
	s.playout.Listen(false, s.rate)
	if !s.ended() {
		w.addSolo(s)
		s.place = solo
	}
}

// idle takes the leg out of where it is.
func (s *seat) idle(w *worker) {
	s.detach(w)
	s.settleSolo(w)
}

// echo lets the leg hear itself.
func (s *seat) echo(w *worker) {
	if s.ended() {
		return
	}
	s.detach(w)
	s.couple = &s.loop
	s.loop.echo(&w.bench, &s.leg)
	w.addLink(&s.loop)
}

// join takes the leg into a room. Like every command that may take it elsewhere it returns
// the worker that is to go on with it, or nil.
func (s *seat) join(w *worker, x *hall, opts entry, luggage *playout.Parcel) *worker {
	if s.ended() {
		return nil
	}
	if s.place == inRoom && s.hall == x {
		s.listenOnly = opts.listenOnly
		x.enterRoute(&s.member, opts)
		s.changed()
		return nil
	}
	if to := s.moveTo(w, x.home.at.Load(), luggage); to != nil {
		return to
	}
	x.land(w)
	s.detach(w)
	if !x.admit(w, s, opts) { // closed meanwhile
		s.listenOnly, s.inMuted = opts.listenOnly, opts.muted
		s.settleSolo(w)
	}
	return nil
}

// connect takes the leg into a pair.
func (s *seat) connect(w *worker, k *couple, luggage *playout.Parcel) *worker {
	if s.ended() {
		return nil
	}
	if to := s.moveTo(w, k.home.at.Load(), luggage); to != nil {
		return to
	}
	k.land(w)
	s.detach(w)
	if !k.admit(w, s) {
		s.settleSolo(w)
	}
	return nil
}

// close ends the leg; the event goroutine closes the transport.
func (s *seat) close(w *worker) {
	s.stopPlay(&w.bench)
	s.cancelDigits(&w.bench)
	s.flushDigits(&w.bench, false)
	s.detach(w)
	s.end()
	w.legs.Add(-1)
	w.out.Tell(event.Event{Kind: event.Closed, Port: s.handle})
}

// fail takes the leg out of service. Only close is left to it.
func (s *seat) fail(w *worker, err error) {
	s.broken = true
	s.detach(w)
	s.endTaps(err)
	s.settleSolo(w)
	s.tell(&w.bench, event.Event{Kind: event.PortFailed, Err: fmt.Errorf("mixer: port %q: %w", s.cfg.name, err)})
}
