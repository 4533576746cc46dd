// Package actor runs one owner goroutine for a piece of state: everything that
// touches the state is a function in the owner's mailbox. Mailboxes are
// bounded; what does not fit is refused and counted, never waited for.
//
// Goroutines: one per Actor, started by Start, ended by Stop.
package actor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// ErrStopped is returned for work given to an actor that has ended.
var ErrStopped = errors.New("actor: stopped")

// ErrFull is returned for work given to an actor whose mailbox is full.
var ErrFull = errors.New("actor: mailbox full")

// Actor owns a goroutine and its mailbox. The zero value is not usable.
type Actor struct {
	mail    chan func()
	quit    chan struct{}
	done    chan struct{}
	once    sync.Once
	refused atomic.Uint64
	onPanic func(error)
}

// Start starts an actor with room for size functions in its mailbox. onPanic is
// called on the actor's goroutine with what a function panicked with; the actor
// goes on.
func Start(size int, onPanic func(error)) *Actor {
	a := &Actor{
		mail:    make(chan func(), size),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
		onPanic: onPanic,
	}
	go a.run() // owned by a, ended by Stop
	return a
}

func (a *Actor) run() {
	defer close(a.done)
	for {
		select {
		case f := <-a.mail:
			a.call(f)
		case <-a.quit:
			// What was accepted before Stop still runs.
			for {
				select {
				case f := <-a.mail:
					a.call(f)
				default:
					return
				}
			}
		}
	}
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
	select {
	case <-a.quit:
		return ErrStopped
	default:
	}
	select {
	case a.mail <- f:
		return nil
	default:
		a.refused.Add(1)
		return ErrFull
	}
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
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-a.done:
		select {
		case err := <-result:
			return err
		default:
			return ErrStopped
		}
	}
}

// Refused is the number of functions that Post has turned away for want of room.
func (a *Actor) Refused() uint64 { return a.refused.Load() }

// Stop lets the actor run what it has accepted and end. It does not wait, so the
// actor may stop itself; Done tells when it has ended.
func (a *Actor) Stop() { a.once.Do(func() { close(a.quit) }) }

// Done is closed when the actor's goroutine has ended.
func (a *Actor) Done() <-chan struct{} { return a.done }
