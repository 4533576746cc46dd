// Package actor runs what touches one piece of state one after the other: everything
// that does is a function in the owner's mailbox. Mailboxes are bounded; what does not
// fit is refused and counted, never waited for.
//
// Goroutines: one per Actor while there is anything to run, none while there is not: a
// call mostly does nothing, and a stack for each would be most of what it holds. It ends
// when the mailbox is empty, and none begins after Stop. It may be one of a crew, whose
// stack has grown before.
package actor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/crew"
)

// ErrStopped is returned for work given to an actor that has ended.
var ErrStopped = errors.New("actor: stopped")

// ErrFull is returned for work given to an actor whose mailbox is full.
var ErrFull = errors.New("actor: mailbox full")

// Actor owns a mailbox and whatever goroutine empties it. The zero value is not usable.
type Actor struct {
	size    int
	crew    *crew.Crew // nil for goroutines of its own
	onPanic func(error)
	refused atomic.Uint64

	mu      sync.Mutex
	mail    []func() // oldest first; nil while nothing waits
	running bool     // a goroutine empties the mailbox
	stopped bool
	done    chan struct{} // closed when stopped and no longer running; nil until asked for
}

// Start starts an actor with room for size functions in its mailbox. onPanic is
// called on the actor's goroutine with what a function panicked with; the actor
// goes on.
func Start(size int, onPanic func(error)) *Actor { return StartOn(nil, size, onPanic) }

// StartOn is Start with a crew whose goroutines empty the mailbox.
func StartOn(c *crew.Crew, size int, onPanic func(error)) *Actor {
	return &Actor{size: size, crew: c, onPanic: onPanic}
}

// run empties the mailbox. What was accepted before Stop still runs.
func (a *Actor) run() {
	for {
		f := a.next()
		if f == nil {
			return
		}
		a.call(f)
	}
}

// next takes the oldest function out of the mailbox; when there is none the goroutine
// that asked is the actor's no more.
func (a *Actor) next() func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.mail) == 0 {
		a.mail, a.running = nil, false
		if a.stopped && a.done != nil {
			close(a.done)
		}
		return nil
	}
	f := a.mail[0]
	a.mail[0], a.mail = nil, a.mail[1:]
	return f
}

func (a *Actor) call(f func()) {
	defer func() {
		if r := recover(); r != nil {
			a.onPanic(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	f()
}

// Post gives the actor a function to run and returns at once. It fails with
// ErrStopped or ErrFull; the function is then never run.
func (a *Actor) Post(f func()) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.stopped:
		return ErrStopped
	case len(a.mail) >= a.size:
		a.refused.Add(1)
		return ErrFull
	}
	a.mail = append(a.mail, f)
	if !a.running {
		a.running = true
		a.crew.Go(a.run) // ends with the mailbox empty
	}
	return nil
}

// Do runs f on the actor and waits for its result, or for ctx. When ctx ends
// first, f may still run. Never call it from the actor itself.
func (a *Actor) Do(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	err := a.Post(func() {
		finished := false
		defer func() {
			if !finished { // f panicked: the caller must not wait for ever
				result <- errors.New("actor: request panicked")
			}
		}()
		err := f()
		finished = true
		result <- err
	})
	if err != nil {
		return err
	}
	select {
	case err := <-result: // what was accepted runs
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Refused is the number of functions that Post has turned away for want of room.
func (a *Actor) Refused() uint64 { return a.refused.Load() }

// Stop lets the actor run what it has accepted and end. It does not wait, so the
// actor may stop itself; Done tells when it has ended.
func (a *Actor) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stopped {
		a.stopped = true
		if !a.running && a.done != nil {
			close(a.done)
		}
	}
}

// Done is closed when the actor's last function has run, after Stop.
func (a *Actor) Done() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done == nil {
		a.done = make(chan struct{})
		if a.stopped && !a.running {
			close(a.done)
		}
	}
	return a.done
}
