// Package mailbox carries commands from any goroutine to the worker that owns
// what they are for, in the order they were posted, without a lock. It starts no
// goroutine.
package mailbox

import "sync/atomic"

// Box is one handle's commands for the worker (of type W) that owns the handle.
//
// The first command that finds the box idle queues the box itself at its worker.
// From then on until the worker has emptied it, queued stays true, so the box is
// in at most one place, and only the worker that holds it may change its owner:
// that is how a port moves to another worker with its commands still in order.
type Box[W any] struct {
	commands atomic.Pointer[command[W]] // newest first
	queued   atomic.Bool
	owner    atomic.Pointer[W]
	next     *Box[W] // in a worker's list; belongs to whoever holds the box

	pending *command[W] // oldest first; belongs to the owner

	inbox  func(w *W) *Inbox[W]
	failed func(w *W, recovered any)
}

// command is one thing for a worker to do. It returns the worker that must run it
// instead, or nil when it has been done.
type command[W any] struct {
	next *command[W]
	run  func(w *W) *W
}

// Init gives an empty box to its first worker. inbox says where a worker's boxes
// queue. failed is told, while it unwinds, of a command that panicked; the ones
// after it still run.
func (b *Box[W]) Init(w *W, inbox func(w *W) *Inbox[W], failed func(w *W, recovered any)) {
	b.inbox, b.failed = inbox, failed
	b.owner.Store(w)
}

// Post adds a command, which returns the worker that must run it instead, or nil
// when it has been done. It may be called from any goroutine but a worker.
func (b *Box[W]) Post(run func(w *W) *W) {
	c := &command[W]{run: run}
	for {
		c.next = b.commands.Load()
		if b.commands.CompareAndSwap(c.next, c) {
			break
		}
	}
	if b.queued.CompareAndSwap(false, true) {
		b.inbox(b.owner.Load()).push(b)
	}
}

// serve runs the box's commands. One that panics is left out.
func (b *Box[W]) serve(w *W) {
	for !b.served(w) {
		b.pending = b.pending.next
	}
}

func (b *Box[W]) served(w *W) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			b.failed(w, r)
		}
	}()
	b.empty(w)
	return true
}

// empty runs the box's commands on w until there are none, or until one belongs to
// another worker; then that worker has the box.
func (b *Box[W]) empty(w *W) {
	for {
		for b.pending != nil {
			if to := b.pending.run(w); to != nil && to != w {
				b.owner.Store(to)
				b.inbox(to).push(b)
				return
			}
			b.pending = b.pending.next
		}
		if c := b.commands.Swap(nil); c != nil {
			b.pending = reverse(c)
			continue
		}
		b.queued.Store(false)
		// A command may have come between the two lines above.
		if b.commands.Load() == nil || !b.queued.CompareAndSwap(false, true) {
			return
		}
	}
}

func reverse[W any](c *command[W]) *command[W] {
	var first *command[W]
	for c != nil {
		next := c.next
		c.next, first = first, c
		c = next
	}
	return first
}

// Inbox is a worker's list of boxes that have commands. The zero value is empty.
type Inbox[W any] struct {
	newest atomic.Pointer[Box[W]]
}

func (i *Inbox[W]) push(b *Box[W]) {
	for {
		b.next = i.newest.Load()
		if i.newest.CompareAndSwap(b.next, b) {
			return
		}
	}
}

// Serve runs on w the commands of every box in the list, those of the box that
// came first before the others', and reports whether there were any. Only the inbox's
// worker calls it.
func (i *Inbox[W]) Serve(w *W) bool {
	first := i.take()
	for b := first; b != nil; {
		next := b.next
		b.serve(w)
		b = next
	}
	return first != nil
}

// take empties the list and gives it oldest first.
func (i *Inbox[W]) take() *Box[W] {
	var first *Box[W]
	for b := i.newest.Swap(nil); b != nil; {
		next := b.next
		b.next, first = first, b
		b = next
	}
	return first
}
