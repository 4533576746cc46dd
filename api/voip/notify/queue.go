// Package notify tells of changes without keeping those waiting who make them: what has changed is
// noted, and one goroutine tells of it as it is then. Of several changes of one thing in a row
// the last one is told, and perhaps those before.
//
// Goroutines: one per Queue, ended by Close.
package notify

import (
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Queue has what has changed and is to be told.
type Queue[T comparable] struct {
	tell func(T)
	log  *slog.Logger

	mu      sync.Mutex
	pending map[T]struct{}
	order   []T
	closed  bool
	some    chan struct{} // holds a token when there may be something
	done    chan struct{}
}

// New makes a queue that tells of changes by tell. A panic of it costs that change alone.
func New[T comparable](log *slog.Logger, tell func(T)) *Queue[T] {
	q := &Queue[T]{tell: tell, log: log, pending: make(map[T]struct{}), some: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run() // owned by q, ended by Close
	return q
}

// Touch notes that something has changed. It does not wait.
func (q *Queue[T]) Touch(v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.pending[v]; known || q.closed {
		return
	}
	q.pending[v] = struct{}{}
	q.order = append(q.order, v)
	select {
	case q.some <- struct{}{}:
	default: // it has not looked yet
	}
}

// next takes what changed first.
func (q *Queue[T]) next() (v T, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		q.order = nil
		return v, false, q.closed
	}
	v, q.order = q.order[0], q.order[1:]
	delete(q.pending, v)
	return v, true, false
}

func (q *Queue[T]) run() {
	defer close(q.done)
	defer guard.Recover(q.log, "a queue of changes")
	for range q.some {
		for {
			v, ok, closed := q.next()
			if closed {
				return
			}
			if !ok {
				break
			}
			guard.Do(q.log, "telling of a change", func() { q.tell(v) })
		}
	}
}

// Close tells of what has changed by now, and of nothing more.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		select {
		case q.some <- struct{}{}:
		default:
		}
	}
	q.mu.Unlock()
	<-q.done
}
