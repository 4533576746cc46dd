package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
)

// A room or pair moves to another worker by a command that runs twice: at the worker it
// lives at, which gives away all that is in it, and at the one it goes to. There it may
// find that a command of one of its ports, which takes the same way, has brought it in
// already.
//
// Ticks are the same for all workers, so phases stay what they were. What is due in the
// tick of the departure is done before it; what falls due on the way is made up for at
// the arrival, with the timestamps it would have had.

// traveller is what a room or pair knows of its move.
type traveller struct {
	ran     int64           // tick of the last frame (of a pair: the last tick)
	luggage *playout.Parcel // what its legs have buffered; not nil while it travels
}

// move is the command that takes the room to another worker.
func (x *hall) move(w, to *worker, luggage *playout.Parcel) *worker {
	if w == to || !x.depart(w, to, luggage) {
		x.land(w)
		return nil
	}
	return to
}

// depart gives the room away; false when it has to stay.
func (x *hall) depart(w, to *worker, luggage *playout.Parcel) bool {
	if w.settleFailures(); !x.open {
		return false
	}
	if w.now.Tick%pace.TicksPerFrame == x.phase {
		if w.runRoom(x); len(w.failing)+len(w.failingRooms) > 0 {
			return false
		}
	}
	if !w.out.Empty() {
		return false // what the room tells next must not overtake what waits here
	}
	w.publishMembers()
	w.removeRoom(x)
	w.phases[x.phase] -= len(x.members)
	for _, l := range x.members {
		l.pack(&w.floor, luggage)
	}
	w.gave(to, len(x.members))
	x.luggage = luggage
	x.home.at.Store(to) // the last: from here on it is to's
	return true
}

// land brings the room in, if it travels.
func (x *hall) land(w *worker) {
	if x.luggage == nil {
		return
	}
	w.adopted(len(x.members))
	for _, l := range x.members {
		l.unpack(&w.bench, x.luggage)
	}
	x.luggage = nil
	w.phases[x.phase] += len(x.members)
	w.addRoom(x)
	x.prepare(&w.floor)
	now := w.now.Tick
	for due := max(x.ran, now-owedTicks) + 1; due < now; due++ {
		if due%pace.TicksPerFrame != x.phase {
			continue
		}
		if w.now.Tick = due; w.budget.Spent() {
			x.skip(w)
			continue
		}
		w.runRoom(x)
	}
	w.now.Tick = now
}

// owedTicks is how far back a worker makes up for ticks: as far as it does for those that
// it was late for itself, as the worker that something comes from may have been.
const owedTicks = int64(catchUp / pace.Tick)

// move is the command that takes the pair to another worker.
func (k *couple) move(w, to *worker, luggage *playout.Parcel) *worker {
	if w == to || !k.depart(w, to, luggage) {
		k.land(w)
		return nil
	}
	return to
}

// depart gives the pair away; false when it has to stay.
func (k *couple) depart(w, to *worker, luggage *playout.Parcel) bool {
	if w.settleFailures(); k.closed || !k.linked {
		return false
	}
	w.runLink(k)
	w.sendSpeakers()
	if len(w.failing) > 0 || len(w.speakers) > 0 || !w.out.Empty() {
		return false
	}
	w.removeLink(k)
	n := 0
	for _, l := range k.ends {
		if l != nil {
			l.pack(&w.bench, luggage)
			n++
		}
	}
	w.gave(to, n)
	k.luggage = luggage
	k.home.at.Store(to) // the last: from here on it is to's
	return true
}

// land brings the pair in, if it travels.
func (k *couple) land(w *worker) {
	if k.luggage == nil {
		return
	}
	for _, l := range k.ends {
		if l != nil {
			w.adopted(1)
			l.unpack(&w.bench, k.luggage)
		}
	}
	k.luggage = nil
	w.addLink(k)
	now := w.now.Tick
	for due := max(k.ran, now-owedTicks) + 1; due < now; due++ {
		w.now.Tick = due
		w.runLink(k)
		w.sendSpeakers() // what was said then has the time of then
	}
	w.now.Tick = now
}

// gave counts out a room or pair, and its legs.
func (w *worker) gave(to *worker, legs int) {
	w.legs.Add(-int64(legs))
	w.homes.Add(-1)
	to.homes.Add(1)
}
