package mixer

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
)

// hall is a room, and where it is.
type hall struct {
	mix
	traveller
	home   home
	phase  int64 // of the ticks at which its frames are made
	at     int32 // in the worker's list
	listed bool
	unseen bool // the control side does not know of all joins and leaves
}

// settleAt gives the room to its first worker. It runs on the control side.
func (x *hall) settleAt(w *worker) {
	x.home.at.Store(w)
	w.homes.Add(1)
}

// start puts the room into the worker's list. That is its first command, unless a
// port's command to join comes before it.
func (x *hall) start(w *worker) {
	if x.listed || !x.open {
		return
	}
	x.listed = true
	x.phase = w.quietPhase()
	w.addRoom(x)
}

// admit takes a leg in; false when the room is closed.
func (x *hall) admit(w *worker, s *seat, opts entry) bool {
	if !x.open {
		return false
	}
	x.start(w)
	s.hall = x
	s.home.Store(&x.home)
	s.phase = x.phase
	w.phases[x.phase]++
	x.add(&w.floor, &s.member, opts)
	w.membersChanged(x)
	return true
}

// dismiss takes a leg out.
func (x *hall) dismiss(w *worker, s *seat) {
	x.remove(&w.floor, &s.member)
	w.phases[x.phase]--
	s.home.Store(&w.base)
	s.hall = nil
	w.membersChanged(x)
}

// close ends the room.
func (x *hall) close(w *worker) {
	if !x.shut(&w.floor) {
		return
	}
	w.homes.Add(-1)
	if x.listed {
		w.removeRoom(x)
	}
	for len(x.members) > 0 {
		seatOf(&x.members[len(x.members)-1].leg).idle(w)
	}
	x.end(&w.floor)
}

// fail closes the room after a panic.
func (x *hall) fail(w *worker, err error) {
	x.tell(&w.floor, event.Event{Kind: event.RoomFailed, Err: fmt.Errorf("mixer: room %q: %w", x.cfg.name, err)})
	x.close(w)
}

// run is one frame of the room, unless it has run at this tick at another worker.
func (x *hall) run(w *worker) {
	if x.ran >= w.now.Tick {
		return
	}
	x.ran = w.now.Tick
	x.mix.run(&w.floor)
}

// couple is a pair, or a leg that echoes, and where it is.
type couple struct {
	link
	traveller
	home   home  // of a pair
	at     int32 // in the worker's list, while linked
	linked bool
}

// settleAt gives the pair to its first worker. It runs on the control side.
func (k *couple) settleAt(w *worker) {
	k.home.at.Store(w)
	w.homes.Add(1)
}

// admit takes a leg in; false when the pair is closed or full.
func (k *couple) admit(w *worker, s *seat) bool {
	if !k.add(&w.bench, &s.leg) {
		return false
	}
	s.couple = k
	s.home.Store(&k.home)
	s.phase = w.quietPhase()
	if !k.linked {
		w.addLink(k)
	}
	return true
}

// dismiss takes a leg out.
func (k *couple) dismiss(w *worker, s *seat) {
	k.remove(&w.bench, &s.leg)
	s.home.Store(&w.base)
	s.couple = nil
	if k.empty() {
		w.removeLink(k)
	}
}

// close makes the legs idle.
func (k *couple) close(w *worker) {
	k.closed = true
	w.homes.Add(-1)
	for _, l := range k.ends {
		if l != nil {
			seatOf(l).idle(w)
		}
	}
}

// run is one tick of the pair, unless it has run at another worker.
func (k *couple) run(w *worker) {
	if k.ran >= w.now.Tick {
		return
	}
	k.ran = w.now.Tick
	k.link.run(&w.bench)
}
