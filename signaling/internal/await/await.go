// Package await lets work wait for a state without a goroutine: most of a call is spent
// waiting for its end, and a stack costs more than all that is known of it.
//
// Goroutines: one for what is to be done once the state is there, which ends by itself.
package await

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// List is what waits for states of one kind. Its zero value is empty.
type List[S any] struct {
	mu  sync.Mutex
	all []Waiter[S]
}

// Waiter is what is to be done, and when.
type Waiter[S any] struct {
	What string // for the log
	Cond func(S) bool
	Then func()
	Log  *slog.Logger
	// Failed is called after a panic of Cond, before Then, or of Then.
	Failed func()
}

// Add has w wait: its Then runs once, on a goroutine of its own, as soon as a state
// satisfies its Cond or is the last. The state that there is is asked for under the list's
// lock, so that none is missed between it and the next Tell.
func (l *List[S]) Add(w Waiter[S], now func() (state S, last bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state, last := now(); !w.due(state, last) {
		l.all = append(l.all, w)
	}
}

// Tell asks those who wait about a new state.
func (l *List[S]) Tell(state S, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = slices.DeleteFunc(l.all, func(w Waiter[S]) bool { return w.due(state, last) })
}

// due tells whether a state is the one that is waited for, and begins what is to be done
// then.
func (w Waiter[S]) due(state S, last bool) bool {
	satisfied := last
	if !satisfied && !guard.Do(w.Log, w.What, func() { satisfied = w.Cond(state) }) {
		satisfied = true
		w.Failed()
	}
	if satisfied {
		go w.carryOut() // owned by who asked for it, ends by itself
	}
	return satisfied
}

func (w Waiter[S]) carryOut() {
	defer guard.Recover(w.Log, w.What, w.Failed)
	w.Then()
}
