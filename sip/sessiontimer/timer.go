package sessiontimer

import (
	"sync"
	"time"
)

// retryLeast is the shortest wait before a refresh that came to nothing is tried again.
const retryLeast = 5 * time.Second

// Timer runs the terms of a session. Its methods may be called from any goroutine.
type Timer struct {
	refresh, expire func()

	mu    sync.Mutex
	round int // of the terms: what a timer of earlier ones says does not count
	next  *time.Timer
}

// NewTimer makes a timer that does not run. It calls refresh when the session is to be
// refreshed by us, and again, at shrinking intervals, until Set tells that it was; and
// expire when it was not in time. Both are called on a timer's goroutine, must not block,
// and may come once more while Stop runs.
func NewTimer(refresh, expire func()) *Timer { return &Timer{refresh: refresh, expire: expire} }

// Set begins anew with these terms: the session was just agreed on or refreshed.
func (t *Timer) Set(terms Terms) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop()
	if !terms.Active() {
		return
	}
	end := time.Now().Add(terms.End())
	if terms.Ours {
		t.after(terms.Refresh(), end)
		return
	}
	t.atEnd(end)
}

// Stop ends it until the next Set.
func (t *Timer) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop()
}

func (t *Timer) stop() {
	t.round++
	if t.next != nil {
		t.next.Stop()
		t.next = nil
	}
}

// after refreshes after a while. The lock is held.
func (t *Timer) after(wait time.Duration, end time.Time) {
	round := t.round
	t.next = time.AfterFunc(wait, func() {
		t.mu.Lock()
		if t.round != round {
			t.mu.Unlock()
			return
		}
		if again := time.Until(end) / 2; again >= retryLeast {
			t.after(again, end)
		} else {
			t.atEnd(end)
		}
		t.mu.Unlock()
		t.refresh()
	})
}

// atEnd gives up at the end. The lock is held.
func (t *Timer) atEnd(end time.Time) {
	round := t.round
	t.next = time.AfterFunc(time.Until(end), func() {
		t.mu.Lock()
		current := t.round == round
		t.mu.Unlock()
		if current {
			t.expire()
		}
	})
}
