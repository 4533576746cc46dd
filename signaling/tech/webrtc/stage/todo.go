package stage

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// todo is what is to be done for one browser. However often a thing is asked for meanwhile, it is
// done once: nothing is refused, and nothing is lost.
type todo struct {
	mu     sync.Mutex
	posted bool // it is being done, or about to be

	settled bool   // what an exchange settles
	late    func() // an offer of ours has had its time
	refused bool   // an answer was of no use
	look    bool   // at everything
	offer   bool
}

// next is what comes first, and is to be done no more; nil for nothing.
func (t *todo) next(p *Performer) func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.settled:
		t.settled = false
		return p.settle
	case t.late != nil:
		late := t.late
		t.late = nil
		return late
	case t.refused:
		t.refused = false
		return p.takeBack
	case t.look:
		t.look = false
		return p.reconcile
	case t.offer:
		t.offer = false
		return p.makeOffer
	}
	t.posted = false
	return nil
}

// do has something done for the browser.
func (p *Performer) do(ask func(*todo)) {
	t := &p.todo
	t.mu.Lock()
	defer t.mu.Unlock()
	ask(t)
	if !t.posted {
		t.posted = p.work.Post(p.steps) == nil // else it has ended: there is room for this
	}
}

func (p *Performer) steps() {
	for f := p.todo.next(p); f != nil; f = p.todo.next(p) {
		guard.Do(p.log, "a browser's video", f)
	}
}

// kick has everything looked at anew.
func (p *Performer) kick() { p.do(func(t *todo) { t.look = true }) }

// settled has what follows an exchange done, and everything looked at anew.
func (p *Performer) settled() { p.do(func(t *todo) { t.settled, t.look = true, true }) }
