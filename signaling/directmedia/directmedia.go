// Package directmedia has two parties that talk send their audio straight to each other, and
// takes it back: one is told where the other is, then the other what the first has answered
// (RFC 3725 §4, flow I). Whoever refuses leaves audio where it was.
//
// It starts no goroutine: parties do their waiting, and tell how it went.
package directmedia

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/sdp/direct"
)

// Party is one of two that talk. Its methods return at once, and call what they are given
// later, on another goroutine.
type Party interface {
	// DirectTerms is where and how it takes audio. The error says why that has to pass here:
	// of kind fault.Conflict for now, of another as it stands.
	DirectTerms() (direct.Terms, error)
	// SendDirect has the party and who has these terms send to each other. Its own terms then
	// are answered, once or, where the party is gone meanwhile, never; an error leaves its
	// audio as it was.
	SendDirect(to direct.Terms, answer func(direct.Terms, error))
	// Bypassed tells that both parties are sent to each other: nothing comes here, and nothing
	// is to be sent.
	Bypassed()
	// TakeBack has its audio pass here again. done is called once it does, or will not; it is
	// not called where that is so already, which is reported. later tells that it has nobody to
	// talk to: it may end just now, and need not be asked at once.
	TakeBack(later bool, done func()) (already bool)
}

// most is how often a party may be the one that ends it, and refuse, before it is let be.
const (
	mostOver     = 3
	mostRefusals = 1
)

type stage uint8

const (
	here    stage = iota
	asking        // one of the two has been sent where the other is
	away          // both have
	returns       // both are taken back
)

// Talk is the conversation of two. Its zero value is nobody's. It is safe from any goroutine.
type Talk struct {
	// Changed, where set, is called when audio passes here again; it must not wait.
	Changed func()

	mu       sync.Mutex
	stage    stage
	turn     int // of what was asked: an answer to what is not wanted any more is none
	parties  [2]Party
	pending  int // parties that are not back
	waiting  []func()
	over     int
	refusals int
}

// Part has two parties send to each other, if both can. It does so once: a repeated call
// changes nothing.
func (t *Talk) Part(a, b Party) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage != here {
		return
	}
	if t.parties != [2]Party{a, b} {
		t.parties, t.over, t.refusals = [2]Party{a, b}, 0, 0
	}
	if t.over >= mostOver || t.refusals >= mostRefusals {
		return
	}
	mine, err := a.DirectTerms()
	if err != nil {
		return
	}
	theirs, err := b.DirectTerms()
	if err == nil {
		theirs, err = theirs.Meet(mine)
	}
	if err != nil {
		return
	}
	t.ask(0, theirs, func(terms direct.Terms) {
		t.ask(1, terms, func(direct.Terms) {
			t.stage = away
			a.Bypassed()
			b.Bypassed()
		})
	})
}

// ask sends a party where the other one is, and goes on with what it answers. The lock is
// held, by then too.
func (t *Talk) ask(party int, to direct.Terms, then func(direct.Terms)) {
	t.stage = asking
	t.turn++
	turn := t.turn
	t.parties[party].SendDirect(to, func(terms direct.Terms, err error) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.turn != turn {
			return
		}
		if err == nil {
			then(terms)
			return
		}
		if fault.Of(err) != fault.Conflict {
			t.refusals++
		}
		t.takeBack(nil)
	})
}

// Back has audio pass here, and calls done, which may be nil, once it does. It reports
// whether it does already, and then calls nothing.
func (t *Talk) Back(done func()) (already bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage == asking || t.stage == away {
		t.takeBack(nil)
	}
	if t.stage == here {
		return true
	}
	if done != nil {
		t.waiting = append(t.waiting, done)
	}
	return false
}

// Over tells that one of the parties has its audio pass here by itself: the other is taken
// back, too.
func (t *Talk) Over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage == asking || t.stage == away {
		t.over++
		t.takeBack(nil)
	}
}

// Away reports whether both parties send to each other.
func (t *Talk) Away() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stage == away
}

// Gone tells that a party has ended: the other one is taken back, and nothing is asked of it.
func (t *Talk) Gone(p Party) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage == asking || t.stage == away {
		t.takeBack(p)
	}
}

// takeBack has both parties' audio pass here, but for one that is gone. The lock is held.
func (t *Talk) takeBack(gone Party) {
	t.stage = returns
	t.turn++
	turn := t.turn
	t.pending = 0
	for _, p := range t.parties {
		if p != gone && !p.TakeBack(gone != nil, func() { t.back(turn) }) {
			t.pending++
		}
	}
	if t.pending == 0 {
		t.stage = here
	}
}

// back counts a party that is.
func (t *Talk) back(turn int) {
	t.mu.Lock()
	if t.turn != turn {
		t.mu.Unlock()
		return
	}
	if t.pending--; t.pending > 0 {
		t.mu.Unlock()
		return
	}
	t.stage = here
	waiting := t.waiting
	t.waiting = nil
	t.mu.Unlock()
	for _, f := range waiting {
		f()
	}
	if t.Changed != nil {
		t.Changed()
	}
}
