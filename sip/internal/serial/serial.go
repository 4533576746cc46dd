// Package serial runs functions one after the other without a goroutine of its own:
// it borrows one from its owner while there is something to run.
package serial

import "sync"

// Queue runs functions one after the other, in the order they were posted, on
// a goroutine that lives only while there are any: an idle dialog has none.
type Queue struct {
	limit   int
	spawn   func(func()) bool
	onPanic func(any)

	mu      sync.Mutex
	queue   []func()
	running bool
	closed  bool
}

// New makes a queue in which at most limit functions wait. spawn starts a goroutine
// that its owner waits for, or says no; onPanic takes what a function panicked with.
func New(limit int, spawn func(func()) bool, onPanic func(any)) *Queue {
	return &Queue{limit: limit, spawn: spawn, onPanic: onPanic}
}

// Post takes f unless too many wait or the last one was taken.
func (q *Queue) Post(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.queue) >= q.limit {
		return false
	}
	return q.push(f)
}

// Must takes f however many wait, unless the last one was taken: for what comes
// at most a few times.
func (q *Queue) Must(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.push(f)
	}
}

// Last takes f in any case, and nothing after it.
func (q *Queue) Last(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	q.push(f)
}

func (q *Queue) push(f func()) bool {
	q.queue = append(q.queue, f)
	if q.running {
		return true
	}
	q.running = q.spawn(q.run)
	return q.running
}

func (q *Queue) run() {
	for {
		q.mu.Lock()
		if len(q.queue) == 0 {
			q.running, q.queue = false, nil
			q.mu.Unlock()
			return
		}
		f := q.queue[0]
		q.queue = q.queue[1:]
		q.mu.Unlock()
		q.call(f)
	}
}

func (q *Queue) call(f func()) {
	defer func() {
		if r := recover(); r != nil {
			q.onPanic(r)
		}
	}()
	f()
}
