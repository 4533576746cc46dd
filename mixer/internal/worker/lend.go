package worker

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
)

// lending is what a worker knows of its room's members on other workers.
type lending struct {
	annexes []*Annex // that have members
	split   bool     // in the worker's list
	leaving bool     // the room ends when all are home
}

// away is what a seat knows of its being lent.
type away struct {
	annex   *Annex
	bag     *playout.Parcel // what playout holds, on the way there and back
	failure error           // to fail with at home
}

// Loan is members on their way to an annex.
type Loan struct {
	bags  []*away // as many as may be lent
	seats []*Seat
	gone  bool // from the room
}

// NewLoan makes room for so many members. It runs on the control side.
func NewLoan(members int) *Loan {
	k := &Loan{seats: make([]*Seat, 0, members)}
	for range members {
		k.bags = append(k.bags, &away{bag: playout.NewParcel(bagPackets)})
	}
	return k
}

// bagPackets is how many packets a member has buffered who only listens.
const bagPackets = 3

// Lend is the command that takes members to an annex. It runs twice, at the room's worker
// and at the annex's.
func (a *Annex) Lend(w *Worker, k *Loan) *Worker {
	if !k.gone {
		if at := a.hall.Home.At.Load(); at != w {
			return at
		}
		k.gone = true
		if a.hall.lend(w, a, k); len(k.seats) == 0 {
			return nil
		}
		if to := a.Home.At.Load(); to != w {
			return to
		}
	}
	a.land(w, k.seats)
	return nil
}

// Unlend is the command that gives some members home.
func (a *Annex) Unlend(w *Worker, members int) *Worker {
	if at := a.Home.At.Load(); at != w {
		return at
	}
	for ; members > 0 && len(a.seats) > 0; members-- {
		a.release(w, a.seats[len(a.seats)-1])
	}
	return nil
}

// lend gives an annex members who only listen.
func (x *Room) lend(w *Worker, a *Annex, k *Loan) {
	x.land(w)
	x.welcome(w)
	if x.leaving || !x.Lends(&w.Floor) {
		return
	}
	for i := len(x.Members) - 1; i >= 0 && len(k.seats) < len(k.bags); i-- {
		if l := x.Members[i]; x.Lendable(&w.Floor, l) {
			x.give(w, seatOf(&l.Leg), a, k)
		}
	}
	if len(k.seats) > 0 && !slices.Contains(x.annexes, a) {
		x.annexes = append(x.annexes, a)
	}
	w.addSplit(x)
}

// give lets a member go to an annex.
func (x *Room) give(w *Worker, s *Seat, a *Annex, k *Loan) {
	x.Lend(&s.Member, &a.Outlet)
	out := k.bags[len(k.seats)]
	k.seats = append(k.seats, s)
	w.phases[x.phase]--
	w.Legs.Add(-1)
	s.Pack(&w.Floor, out.bag)
	out.annex, s.away = a, out
	s.home.Store(&a.Home) // the last: from here on it is the annex's
}

// addSplit takes a room with members who are away, if there are, into the worker's list.
func (w *Worker) addSplit(x *Room) {
	if len(x.annexes) > 0 && !x.split {
		x.split = true
		w.split = append(w.split, x)
	}
}

func (w *Worker) removeSplit(x *Room) {
	if x.split {
		x.split = false
		w.split = slices.DeleteFunc(w.split, func(y *Room) bool { return x == y })
	}
}

// welcomeAll takes in all who were given home.
func (w *Worker) welcomeAll() {
	for i := len(w.split) - 1; i >= 0; i-- {
		x := w.split[i]
		if w.welcome(x); len(x.annexes) == 0 {
			w.removeSplit(x)
		}
	}
}

// welcome takes in a room's members. A panic ends the one that it was about, or the room.
func (w *Worker) welcome(x *Room) {
	defer w.rescueRoom(x)
	w.Current = nil
	x.welcome(w)
}

// welcome takes in the members that annexes gave home.
func (x *Room) welcome(w *Worker) {
	for i := len(x.annexes) - 1; i >= 0; i-- {
		a := x.annexes[i]
		if a.Returned.Load() == a.landed {
			continue
		}
		for k := len(x.Away) - 1; k >= 0; k-- {
			// Whose home is the room again, its loan can be read. The last of an annex takes
			// that out of the list.
			if s := seatOf(&x.Away[k].Member.Leg); s.home.Load() == &x.Home && s.away.annex == a {
				x.takeBack(w, s)
			}
		}
	}
}

// takeBack takes in a member that was given home.
func (x *Room) takeBack(w *Worker, s *Seat) {
	out := s.away
	a := out.annex
	a.landed++
	s.away = nil
	w.adopted(1)
	w.phases[x.phase]++
	w.Current = &s.Leg
	s.Unpack(&w.Bench, out.bag)
	x.TakeBack(&w.Floor, &s.Member)
	w.Current = nil
	if a.Members.Load() == 0 {
		x.annexes = slices.DeleteFunc(x.annexes, func(b *Annex) bool { return a == b })
	}
	if out.failure != nil {
		w.Failing = append(w.Failing, leg.Failure{Leg: &s.Leg, Err: out.failure})
	}
}

// allHome has everyone come home, for good, and reports whether they are there.
func (x *Room) allHome(w *Worker) bool {
	w.welcome(x)
	for _, a := range x.annexes {
		a.recall.Store(true)
	}
	return len(x.Away) == 0
}

// settleLeaving ends rooms whose members have come home for that.
func (w *Worker) settleLeaving() {
	for i := 0; i < len(w.leaving); {
		x := w.leaving[i]
		if !x.allHome(w) {
			i++
			continue
		}
		w.leaving = slices.Delete(w.leaving, i, i+1)
		x.leaving = false
		w.guarded(func() { x.Close(w) })
	}
}

// Lent reports whether the leg, which is the worker's, is in an annex or on its way there.
func (s *Seat) Lent() bool { return s.away != nil && s.home.Load() == &s.away.annex.Home }

// failHere is fail, at home where the leg is lent.
func (s *Seat) failHere(w *Worker, err error) {
	if !s.Lent() {
		s.fail(w, err)
		return
	}
	s.away.failure = err
	s.away.annex.release(w, s)
}

// Claim takes the leg in hand for a command: it gives the worker that must do that, or nil
// when it is done. A leg that is lent goes home for it.
func (s *Seat) Claim(w *Worker) *Worker {
	for {
		if to := s.Elsewhere(w); to != nil {
			return to
		}
		if !s.Lent() {
			break
		}
		s.away.annex.release(w, s)
	}
	s.land(w)
	return nil
}

// Errand is a command that names members of a room, who must be at home before it runs: it
// goes round by the annexes that have some of them.
type Errand struct {
	Names []uint32
	at    *Annex // where it goes
}

// Visit gives those home who are at the annex where the errand goes.
func (e *Errand) Visit(w *Worker) {
	a := e.at
	if a == nil || a.Home.At.Load() != w {
		return
	}
	for i := len(a.seats) - 1; i >= 0; i-- {
		if s := a.seats[i]; slices.Contains(e.Names, s.Number) {
			a.release(w, s)
		}
	}
	e.at = nil
}

// Next is the worker that the errand must go to, or nil when all whom it names are at home.
// w is the room's.
func (e *Errand) Next(w *Worker, x *Room) *Worker {
	if len(e.Names) == 0 {
		return nil
	}
	x.welcome(w)
	for i := range x.Away {
		s := seatOf(&x.Away[i].Member.Leg)
		if !slices.Contains(e.Names, s.Number) {
			continue
		}
		e.at = s.away.annex
		if to := e.at.Home.At.Load(); to != w {
			return to
		}
		e.Visit(w)
		return e.Next(w, x)
	}
	return nil
}
