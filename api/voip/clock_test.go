package voip_test

import (
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip"
)

// clock is the time of a server in which nothing passes but what a test lets pass,
// however long the machine takes for the rest.
type clock struct {
	mu     sync.Mutex
	ahead  time.Duration // that passed
	flown  time.Duration // every timer of at most this fires at once
	timers map[*timer]struct{}
}

type timer struct {
	takes, at time.Duration
	f         func()
}

func newClock() *clock { return &clock{timers: make(map[*timer]struct{})} }

// runs has a server go by the clock: phones ring for an hour, and so on.
func (k *clock) runs(c *voip.Config) {
	c.Now, c.AfterFunc = k.now, k.afterFunc
	c.OfferGrace, c.RingTimeout, c.DirectIdle = time.Minute, time.Hour, 24*time.Hour
}

func (k *clock) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Now().Add(k.ahead)
}

func (k *clock) afterFunc(d time.Duration, f func()) (stop func() bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := &timer{takes: d, at: k.ahead + d, f: f}
	if d <= k.flown {
		go f() // as time.AfterFunc has it; f does not wait
		return func() bool { return false }
	}
	k.timers[t] = struct{}{}
	return func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		_, pending := k.timers[t]
		delete(k.timers, t)
		return pending
	}
}

// passes lets time pass.
func (k *clock) passes(d time.Duration) {
	k.mu.Lock()
	k.ahead += d
	k.mu.Unlock()
	k.fire(func(t *timer) bool { return t.at <= k.ahead })
}

// flies has every timer of at most d fire, those that are set later as soon as they
// are: it does not matter whether the server has set them yet.
func (k *clock) flies(d time.Duration) {
	k.mu.Lock()
	k.flown = d
	k.mu.Unlock()
	k.fire(func(t *timer) bool { return t.takes <= k.flown })
}

func (k *clock) fire(due func(*timer) bool) {
	k.mu.Lock()
	var fire []func()
	for t := range k.timers {
		if due(t) {
			fire = append(fire, t.f)
			delete(k.timers, t)
		}
	}
	k.mu.Unlock()
	for _, f := range fire {
		f()
	}
}

// awaits waits until so many timers of at least and at most some time are set.
func (k *clock) awaits(t *testing.T, n int, least, most time.Duration) {
	t.Helper()
	count := func() int {
		k.mu.Lock()
		defer k.mu.Unlock()
		found := 0
		for t := range k.timers {
			if t.takes >= least && t.takes <= most {
				found++
			}
		}
		return found
	}
	eventually(t, func() bool { return count() == n }, func() string { return "the timers are set and stopped" })
}
