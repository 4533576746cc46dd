// Package crew runs functions, each on a goroutine of its own, as go does, but on
// goroutines that have worked before: their stacks have grown to what a request takes, and
// growing a stack costs more than most requests do.
//
// Goroutines: one for each function that runs, and those that wait for one, at most as many
// as ran at a time within the last second or two, and most. Close ends them.
package crew

import (
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Crew is goroutines that work and some that wait for work. It is safe for concurrent use.
type Crew struct {
	log *slog.Logger
	all sync.WaitGroup

	mu     sync.Mutex
	closed bool
	// idle wait for work; the last to have worked, whose stack is warm, comes first again.
	// spare is the fewest that there were of them since the last look, which nobody needed.
	idle  []*hand
	spare int
	look  *time.Timer // runs while somebody waits
}

// hand is a goroutine.
type hand struct{ work chan func() }

// New makes a crew without anybody. log takes what a function panics with that does not
// keep it to itself.
func New(log *slog.Logger) *Crew { return &Crew{log: log} }

const (
	most  = 256
	pause = time.Second
)

// Do runs f. It reports false after Close.
func (c *Crew) Do(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if last := len(c.idle) - 1; last >= 0 {
		h := c.idle[last]
		c.idle[last] = nil
		c.idle = c.idle[:last]
		c.spare = min(c.spare, last)
		h.work <- f
		return true
	}
	h := &hand{work: make(chan func(), 1)}
	h.work <- f
	c.all.Add(1)
	go c.run(h) // owned by c, ended by Close
	return true
}

// Go runs f in any case: on a goroutine of the crew's if that can be, else on one of its
// own, which Wait does not wait for. A nil Crew has none.
func (c *Crew) Go(f func()) {
	if c == nil || !c.Do(f) {
		go f() // owned by the caller
	}
}

func (c *Crew) run(h *hand) {
	defer guard.Recover(c.log, "crew")
	defer c.all.Done()
	for f := range h.work {
		f()
		if !c.rest(h) {
			return
		}
	}
}

// rest has a goroutine wait for more; false if it is not needed.
func (c *Crew) rest(h *hand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= most {
		return false
	}
	c.idle = append(c.idle, h)
	if c.look == nil {
		c.spare = 0
		c.look = time.AfterFunc(pause, c.dismiss)
	}
	return true
}

// dismiss ends those that nobody has needed since the last look.
func (c *Crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	for _, h := range c.idle[:c.spare] {
		close(h.work)
	}
	c.idle = append(c.idle[:0], c.idle[c.spare:]...)
	clear(c.idle[len(c.idle):cap(c.idle)])
	c.spare = len(c.idle)
	if c.spare == 0 {
		c.look = nil
		return
	}
	c.look.Reset(pause)
}

// Close ends those that wait, and has those that work end when they have done so. It
// does not wait for them.
func (c *Crew) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.look != nil {
		c.look.Stop()
	}
	for _, h := range c.idle {
		close(h.work)
	}
	c.idle = nil
}

// Wait waits, after Close, until every goroutine has ended.
func (c *Crew) Wait() { c.all.Wait() }
