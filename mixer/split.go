package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/balance"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// annex is a room's part at another worker, and its commands.
type annex struct {
	*worker.Annex
	mail mailbox.Box[worker.Worker]
}

func newAnnex(r *Room, w *worker.Worker) *annex {
	a := &annex{Annex: worker.NewAnnex(&r.mix, w)}
	a.mail.Init(r.mix.Home.At.Load(), (*worker.Worker).Mail, func(w *worker.Worker, why any) {
		a.Panicked(w.Log, w, leg.Panicked(why))
	})
	return a
}

// lend lends up to so many members.
func (a *annex) lend(members int) {
	k := worker.NewLoan(members)
	a.mail.Post(func(w *worker.Worker) *worker.Worker { return a.Lend(w, k) })
}

// unlend has so many members come home.
func (a *annex) unlend(members int) {
	a.mail.Post(func(w *worker.Worker) *worker.Worker { return a.Unlend(w, members) })
}

// annexAt is the room's annex at a worker, which is made when there is none. It is the
// balancer's.
func (r *Room) annexAt(w *worker.Worker) *annex {
	for _, a := range r.annexes {
		if a.Home.At.Load() == w {
			return a
		}
	}
	a := newAnnex(r, w)
	r.annexes = append(r.annexes, a)
	return a
}

// splittable are the rooms there are, and their parts.
func (e *Engine) splittable() (all []*Room, rooms []balance.Room) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for r := range e.rooms {
		x := balance.Room{Worker: r.mix.Home.At.Load().Index, Cost: r.mix.Stats.MixTime.Share(), Members: r.Members()}
		for _, a := range r.annexes {
			if n := int(a.Outlet.Members.Load()); n > 0 {
				x.Members -= n
				x.Annexes = append(x.Annexes, balance.Annex{Worker: a.Home.At.Load().Index, Cost: a.Cost.Share(), Members: n})
			}
		}
		all, rooms = append(all, r), append(rooms, x)
	}
	return all, rooms
}

// split asks for the loans that help a worker whose room is larger than it can carry, and
// for the ends of those that are not needed any more.
func (b *balancer) split(busy []float64) {
	all, rooms := b.engine.splittable()
	for _, l := range balance.Split(busy, b.engine.cfg.Budget, rooms) {
		r, home := all[l.Room], rooms[l.Room]
		b.engine.log.Info("mixer room split", "bridge", r.Name(), "home", home.Worker, "annex", l.Worker, "members", l.Members,
			"cost", percent(home.Cost), "home_busy", percent(busy[home.Worker]), "annex_busy", percent(busy[l.Worker]))
		b.wait = settleLooks
		if a := r.annexAt(b.engine.workers[l.Worker]); l.Members > 0 {
			a.lend(l.Members)
		} else {
			a.unlend(-l.Members)
		}
	}
}

// postErrand is post for a command that names members of a room.
func (p *Port) postErrand(e *worker.Errand, run func(w *worker.Worker) *worker.Worker) {
	p.mail.Post(func(w *worker.Worker) *worker.Worker {
		e.Visit(w)
		if to := p.leg.Claim(w); to != nil {
			return to
		}
		return run(w)
	})
}
