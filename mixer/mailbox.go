package mixer

import "sync/atomic"

// A mailbox carries one handle's commands to the worker that owns the handle, in
// the order they were posted, without a lock.
//
// The first command that finds the mailbox idle queues the mailbox itself at its
// worker. From then on until the worker has emptied it, queued stays true, so the
// mailbox is in at most one place, and only the worker that holds it may change
// its owner: that is how a port moves to another worker with its commands still
// in order.
type mailbox struct {
	commands atomic.Pointer[command] // newest first
	queued   atomic.Bool
	owner    atomic.Pointer[worker]
	next     *mailbox // in a worker's list; belongs to whoever holds the mailbox

	pending *command // oldest first; belongs to the owner

	// failed is told of a command that panicked; the ones after it still run.
	failed func(w *worker, err error)
}

// command is one thing for a worker to do. It returns the worker that must run it
// instead, or nil when it has been done.
type command struct {
	next *command
	run  func(w *worker) *worker
}

// post adds a command. It may be called from any goroutine but a worker.
func (m *mailbox) post(run func(w *worker) *worker) {
	c := &command{run: run}
	for {
		c.next = m.commands.Load()
		if m.commands.CompareAndSwap(c.next, c) {
			break
		}
	}
	if m.queued.CompareAndSwap(false, true) {
		m.owner.Load().enqueue(m)
	}
}

// serve runs the mailbox's commands on w until there are none, or until one
// belongs to another worker; then that worker has the mailbox.
func (m *mailbox) serve(w *worker) {
	for {
		for m.pending != nil {
			if to := m.pending.run(w); to != nil && to != w {
				m.owner.Store(to)
				to.enqueue(m)
				return
			}
			m.pending = m.pending.next
		}
		if c := m.commands.Swap(nil); c != nil {
			m.pending = reverse(c)
			continue
		}
		m.queued.Store(false)
		// A command may have come between the two lines above.
		if m.commands.Load() == nil || !m.queued.CompareAndSwap(false, true) {
			return
		}
	}
}

func reverse(c *command) *command {
	var first *command
	for c != nil {
		next := c.next
		c.next, first = first, c
		c = next
	}
	return first
}

// inbox is a worker's list of mailboxes that have commands.
type inbox struct {
	newest atomic.Pointer[mailbox]
}

func (b *inbox) push(m *mailbox) {
	for {
		m.next = b.newest.Load()
		if b.newest.CompareAndSwap(m.next, m) {
			return
		}
	}
}

// take empties the list and gives it oldest first.
func (b *inbox) take() *mailbox {
	var first *mailbox
	for m := b.newest.Swap(nil); m != nil; {
		next := m.next
		m.next, first = first, m
		m = next
	}
	return first
}
