package worker

import (
	"fmt"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/link"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
)

// Room is a room, and where it is.
type Room struct {
	room.Room
	traveller
	lending
	Home   Home
	phase  int64 // of the ticks at which its frames are made
	at     int32 // in the worker's list
	listed bool
	unseen bool // the control side does not know of all joins and leaves
}

// SettleAt gives the room to its first worker. It runs on the control side.
func (x *Room) SettleAt(w *Worker) {
	x.Home.At.Store(w)
	w.Homes.Add(1)
}

// Start puts the room into the worker's list. That is its first command, unless a
// port's command to join comes before it.
func (x *Room) Start(w *Worker) {
	if x.listed || !x.Open {
		return
	}
	x.listed = true
	x.phase = w.quietPhase()
	w.addRoom(x)
}

// Phase is the phase of the ticks at which its frames are made, once it has started.
func (x *Room) Phase() int64 { return x.phase }

// admit takes a leg in; false when the room is closed.
func (x *Room) admit(w *Worker, s *Seat, opts room.Entry) bool {
	if !x.Open || x.leaving {
		return false
	}
	x.Start(w)
	s.Hall = x
	s.home.Store(&x.Home)
	s.Phase = x.phase
	w.phases[x.phase]++
	x.Add(&w.Floor, &s.Member, opts)
	w.membersChanged(x)
	return true
}

// dismiss takes a leg out.
func (x *Room) dismiss(w *Worker, s *Seat) {
	x.Remove(&w.Floor, &s.Member)
	w.phases[x.phase]--
	s.home.Store(&w.base)
	s.Hall = nil
	w.membersChanged(x)
}

// Close ends the room, once all its members are at home.
func (x *Room) Close(w *Worker) {
	switch {
	case !x.Open || x.leaving:
		return
	case !x.allHome(w):
		x.leaving = true
		w.leaving = append(w.leaving, x)
		return
	}
	if !x.Shut(&w.Floor) {
		return
	}
	w.Homes.Add(-1)
	if x.listed {
		w.removeRoom(x)
	}
	w.removeSplit(x)
	for len(x.Members) > 0 {
		seatOf(&x.Members[len(x.Members)-1].Leg).Idle(w)
	}
	x.End(&w.Floor)
}

// fail closes the room after a panic.
func (x *Room) fail(w *Worker, err error) {
	x.Tell(&w.Floor, event.Event{Kind: event.RoomFailed, Err: fmt.Errorf("mixer: room %q: %w", x.Config.Name, err)})
	x.Close(w)
}

// run is one frame of the room, unless it has run at this tick at another worker.
func (x *Room) run(w *Worker) {
	if x.ran >= w.Now.Tick {
		return
	}
	x.ran = w.Now.Tick
	x.welcome(w)
	x.Room.Run(&w.Floor)
}

// Pair is a pair, or a leg that echoes, and where it is.
type Pair struct {
	link.Link
	traveller
	Home   Home  // of a pair
	at     int32 // in the worker's list, while linked
	linked bool
}

// SettleAt gives the pair to its first worker. It runs on the control side.
func (k *Pair) SettleAt(w *Worker) {
	k.Home.At.Store(w)
	w.Homes.Add(1)
}

// admit takes a leg in; false when the pair is closed or full.
func (k *Pair) admit(w *Worker, s *Seat) bool {
	if !k.Add(&w.Bench, &s.Leg) {
		return false
	}
	s.couple = k
	s.home.Store(&k.Home)
	s.Phase = w.quietPhase()
	if !k.linked {
		w.addLink(k)
	}
	return true
}

// dismiss takes a leg out.
func (k *Pair) dismiss(w *Worker, s *Seat) {
	k.Remove(&w.Bench, &s.Leg)
	s.home.Store(&w.base)
	s.couple = nil
	if k.Empty() {
		w.removeLink(k)
	}
}

// Close makes the legs idle.
func (k *Pair) Close(w *Worker) {
	k.Closed = true
	w.Homes.Add(-1)
	for _, l := range k.Ends {
		if l != nil {
			seatOf(l).Idle(w)
		}
	}
}

// run is one tick of the pair, unless it has run at another worker.
func (k *Pair) run(w *Worker) {
	if k.ran >= w.Now.Tick {
		return
	}
	k.ran = w.Now.Tick
	k.Link.Run(&w.Bench)
}
