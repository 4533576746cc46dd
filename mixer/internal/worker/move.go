package worker

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

// Move is the command that takes the room to another worker.
func (x *Room) Move(w, to *Worker, luggage *playout.Parcel) *Worker {
	if w == to || !x.depart(w, to, luggage) {
		x.land(w)
		return nil
	}
	return to
}

// depart gives the room away; false when it has to stay.
func (x *Room) depart(w, to *Worker, luggage *playout.Parcel) bool {
	if w.settleFailures(); !x.Open || x.leaving {
		return false
	}
	if w.Now.Tick%pace.TicksPerFrame == x.phase {
		if w.runRoom(x); len(w.Failing)+len(w.failingRooms) > 0 {
			return false
		}
	}
	if !w.Out.Empty() {
		return false // what the room tells next must not overtake what waits here
	}
	w.publishMembers()
	w.removeRoom(x)
	w.removeSplit(x)
	w.phases[x.phase] -= len(x.Members)
	for _, l := range x.Members {
		l.Pack(&w.Floor, luggage)
	}
	w.gave(to, len(x.Members))
	x.luggage = luggage
	x.Home.At.Store(to) // the last: from here on it is to's
	return true
}

// land brings the room in, if it travels.
func (x *Room) land(w *Worker) {
	if x.luggage == nil {
		return
	}
	w.adopted(len(x.Members))
	for _, l := range x.Members {
		l.Unpack(&w.Bench, x.luggage)
	}
	x.luggage = nil
	w.phases[x.phase] += len(x.Members)
	w.addRoom(x)
	w.addSplit(x)
	x.Prepare(&w.Floor)
	now := w.Now.Tick
	for due := max(x.ran, now-owedTicks) + 1; due < now; due++ {
		if due%pace.TicksPerFrame != x.phase {
			continue
		}
		if w.Now.Tick = due; w.Budget.Spent() {
			x.skip(w)
			continue
		}
		w.runRoom(x)
	}
	w.Now.Tick = now
}

// owedTicks is how far back a worker makes up for ticks: as far as it does for those that
// it was late for itself, as the worker that something comes from may have been.
const owedTicks = int64(catchUp / pace.Tick)

// Move is the command that takes the pair to another worker.
func (k *Pair) Move(w, to *Worker, luggage *playout.Parcel) *Worker {
	if w == to || !k.depart(w, to, luggage) {
		k.land(w)
		return nil
	}
	return to
}

// depart gives the pair away; false when it has to stay.
func (k *Pair) depart(w, to *Worker, luggage *playout.Parcel) bool {
	if w.settleFailures(); k.Closed || !k.linked {
		return false
	}
	w.runLink(k)
	w.SendSpeakers()
	if len(w.Failing) > 0 || len(w.Speakers) > 0 || !w.Out.Empty() {
		return false
	}
	w.removeLink(k)
	n := 0
	for _, l := range k.Ends {
		if l != nil {
			l.Pack(&w.Bench, luggage)
			n++
		}
	}
	w.gave(to, n)
	k.luggage = luggage
	k.Home.At.Store(to) // the last: from here on it is to's
	return true
}

// land brings the pair in, if it travels.
func (k *Pair) land(w *Worker) {
	if k.luggage == nil {
		return
	}
	for _, l := range k.Ends {
		if l != nil {
			w.adopted(1)
			l.Unpack(&w.Bench, k.luggage)
		}
	}
	k.luggage = nil
	w.addLink(k)
	now := w.Now.Tick
	for due := max(k.ran, now-owedTicks) + 1; due < now; due++ {
		w.Now.Tick = due
		w.runLink(k)
		w.SendSpeakers() // what was said then has the time of then
	}
	w.Now.Tick = now
}

// gave counts out a room or pair, and its legs.
func (w *Worker) gave(to *Worker, legs int) {
	w.Legs.Add(-int64(legs))
	w.Homes.Add(-1)
	to.Homes.Add(1)
}
