package stasis

import (
	"context"
	"io"
	"slices"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Mode is how somebody listens for applications beside others.
type Mode uint8

// The modes. A Sole listener replaces those before it, as in Asterisk. Of those that are Shared each
// has calls of its own. A Standby is told nothing while there is another that is not, and goes on
// where that ends. An Observer is told everything, and no application listens because of it.
const (
	Sole Mode = iota
	Shared
	Standby
	Observer
)

// Listen says who listens, and how.
type Listen struct {
	Apps []string
	Mode Mode
	// All follows everything there is.
	All bool
	// Resume keeps events for those who come back; After, where it is not 0, is the number of the
	// last event that the listener has seen.
	Resume bool
	After  uint64
}

// Reader reads what applications are told. One goroutine calls Next.
type Reader struct {
	registry *Registry
	mode     Mode
	all      bool
	cursors  []*cursor
	wake     chan struct{}
	closed   bool
}

// cursor is a reader's place in one application's journal.
type cursor struct {
	app    *app
	next   uint64
	until  uint64 // the number of its last entry, once it was replaced; 0 before
	missed uint64
}

// Open makes somebody listen. The error is of kind fault.Invalid (no name, or one too long) or
// fault.TooMany.
func (r *Registry) Open(l Listen) (*Reader, error) {
	reader := &Reader{registry: r, mode: l.Mode, all: l.All, wake: make(chan struct{}, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range l.Apps {
		a, err := r.make(name)
		if err != nil {
			reader.leave()
			return nil, err
		}
		if slices.ContainsFunc(reader.cursors, func(c *cursor) bool { return c.app == a }) {
			continue
		}
		if l.Mode == Sole {
			a.replace()
		}
		c := &cursor{app: a, next: a.journal.next}
		if l.Resume {
			a.journal.resumed = true
			c.resume(l.After)
		}
		a.readers = append(a.readers, reader)
		reader.cursors = append(reader.cursors, c)
		if l.All {
			for _, t := range Every {
				r.follow(a, t)
			}
		}
	}
	return reader, nil
}

// resume goes back to the first event after a number.
func (c *cursor) resume(after uint64) {
	j := &c.app.journal
	switch {
	case after == 0:
	case after >= j.next: // of another life
		c.missed = 1
	default:
		c.next = after + 1
	}
}

// replace tells those who listen that somebody else does from now on.
func (a *app) replace() {
	for _, old := range a.readers {
		c := old.cursor(a)
		if old.mode == Observer || c.until != 0 {
			continue
		}
		now := old.registry.cfg.Engine.Now()
		c.until = a.journal.next
		a.journal.add(&event.Event{Time: now, Type: event.ApplicationReplaced, App: a.name}, a.name, old)
		old.wakeUp()
	}
}

func (r *Reader) cursor(a *app) *cursor {
	for _, c := range r.cursors {
		if c.app == a {
			return c
		}
	}
	return nil
}

func (r *Reader) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Next is the next event, of several applications in their order; it waits for one, or for ctx. After
// Close it is io.EOF.
func (r *Reader) Next(ctx context.Context) (Entry, error) {
	for {
		e, ok, err := r.take()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return Entry{}, context.Cause(ctx)
		}
	}
}

func (r *Reader) take() (found Entry, ok bool, err error) {
	r.registry.mu.Lock()
	defer r.registry.mu.Unlock()
	if r.closed {
		return found, false, io.EOF
	}
	var from *cursor
	for _, c := range r.cursors {
		if e, there := r.peek(c); there && (from == nil || e.Event.Seq < found.Event.Seq) {
			from, found = c, e
		}
	}
	if from == nil {
		return found, false, nil
	}
	found.Missed, from.missed = from.missed, 0
	from.next = found.Seq + 1
	from.app.forget()
	return found, true, nil
}

// peek is the next entry for this reader in one journal.
func (r *Reader) peek(c *cursor) (Entry, bool) {
	j := &c.app.journal
	if r.waits(c) {
		return Entry{}, false
	}
	if first := j.first(); c.next < first {
		c.missed += first - c.next
		c.next = first
	}
	for ; c.next < j.next && (c.until == 0 || c.next <= c.until); c.next++ {
		e := j.at(c.next)
		if e.to == nil && (c.until == 0 || c.next < c.until) || e.to == r || e.to != nil && r.mode == Observer && e.Event.Type != event.ApplicationReplaced {
			return e, true
		}
	}
	return Entry{}, false
}

// waits reports whether a reader stands by while another one listens.
func (r *Reader) waits(c *cursor) bool {
	if r.mode != Standby || c.until != 0 {
		return false
	}
	for _, other := range c.app.readers {
		if other == r {
			return false // the first in the line
		}
		if other.mode != Observer && other.cursor(c.app).until == 0 {
			return true
		}
	}
	return false
}

// forget drops what everybody has read.
func (a *app) forget() {
	before := a.journal.next
	for _, r := range a.readers {
		c := r.cursor(a)
		if c.until == 0 || c.next <= c.until {
			if !r.waits(c) {
				before = min(before, c.next)
			}
		}
	}
	a.journal.forget(before)
}

// reader is who alone is told of an event: of those that share an application, whose call it is.
func (a *app) reader(e *event.Event) *Reader {
	sharing := slices.DeleteFunc(slices.Clone(a.readers), func(r *Reader) bool { return r.mode != Shared || r.cursor(a).until != 0 })
	if len(sharing) == 0 {
		return nil
	}
	if e.Channel == "" {
		return sharing[0]
	}
	if a.shares == nil {
		a.shares = make(map[string]*Reader)
	}
	who := a.shares[e.Channel]
	if who == nil || !slices.Contains(sharing, who) {
		a.turn++
		who = sharing[a.turn%len(sharing)]
		a.shares[e.Channel] = who
	}
	if e.Type == event.ChannelDestroyed || e.Type == event.StasisEnd {
		delete(a.shares, e.Channel)
	}
	return who
}

// Close ends the reading. What was not read is for who stands by, or shares the application.
func (r *Reader) Close() {
	r.registry.mu.Lock()
	defer r.registry.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.leave()
		r.wakeUp()
	}
}

// leave takes the reader out of its applications. The registry's lock is held.
func (r *Reader) leave() {
	for _, c := range r.cursors {
		a := c.app
		stood := r.mode == Standby && r.waits(c)
		a.readers = slices.DeleteFunc(a.readers, func(other *Reader) bool { return other == r })
		if r.all {
			for _, t := range Every {
				r.registry.unfollow(a, t, false)
			}
		}
		if c.until == 0 && r.mode != Observer && !stood {
			a.inherit(r, c)
		}
		r.registry.settle(a)
	}
}

// inherit gives what a reader has not read to those who are left.
func (a *app) inherit(gone *Reader, c *cursor) {
	for _, other := range a.readers {
		if other.mode == Standby {
			oc := other.cursor(a)
			if !other.waits(oc) {
				oc.next = max(c.next, a.journal.first())
				other.wakeUp()
			}
			return
		}
	}
	if gone.mode != Shared {
		return
	}
	for seq := max(c.next, a.journal.first()); seq < c.app.journal.next; seq++ {
		e := a.journal.at(seq)
		if e.to != gone {
			continue
		}
		if to := a.reader(e.Event); to != nil {
			a.journal.add(e.Event, a.name, to)
			to.wakeUp()
		}
	}
}
