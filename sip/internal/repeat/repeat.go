// Package repeat sends a response of ours again until the peer has acknowledged it, and
// gives up in the end: a 2xx to an INVITE (RFC 3261 §13.3.1.4) and reliable provisional
// responses (RFC 3262 §3), whatever the transport.
//
// Goroutines: none; its timers run on those of the runtime.
package repeat

import (
	"sync"
	"time"
)

// Config is what a repetition is made of.
type Config struct {
	// First is the pause before the first repetition; it doubles up to Most, and without
	// end when that is 0. Life is when it is given up.
	First, Most, Life time.Duration
	// Send sends once more, GiveUp is called at the end of Life. Neither runs after Stop
	// has returned true.
	Send, GiveUp func()
	// After starts a timer.
	After func(time.Duration, func()) *time.Timer
}

// Repetition is one response that waits to be acknowledged.
type Repetition struct {
	c Config

	mu       sync.Mutex
	over     bool
	interval time.Duration
	again    *time.Timer
	life     *time.Timer
}

// Start begins a repetition. It begins before the response is sent for the first time,
// so that no acknowledgement is too early.
func Start(c Config) *Repetition {
	r := &Repetition{c: c, interval: c.First}
	r.mu.Lock() // until both timers are there
	defer r.mu.Unlock()
	r.again = c.After(c.First, r.repeat)
	r.life = c.After(c.Life, r.expired)
	return r
}

func (r *Repetition) repeat() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.c.Send()
	r.interval *= 2
	if r.c.Most > 0 {
		r.interval = min(r.interval, r.c.Most)
	}
	r.again.Reset(r.interval)
}

func (r *Repetition) expired() {
	if r.Stop() {
		r.c.GiveUp()
	}
}

// Stop ends the repetition and reports whether it was under way.
func (r *Repetition) Stop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.over = true
	r.again.Stop()
	r.life.Stop()
	return true
}
