package trunkgroup

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Call is one outgoing call on its way through the trunks that may take it. Its
// methods come one after the other.
type Call struct {
	t          *Table
	retry      Retry
	candidates []*line
	tried      map[tried]bool
	known      map[*line]int // how many ways each trunk has, of those that were asked
	tries      int
	desperate  bool // those that rest for their failures are tried too
	ended      bool

	now  *line // the place that is taken
	way  string
	rang bool
	last error
}

// tried is a way of a trunk, or with none any of them.
type tried struct {
	line *line
	way  string
}

// Try is where the call is to be sent.
type Try struct {
	Trunk, Way string
	// Patience is how long no response at all may come; 0 is as long as the protocol
	// waits.
	Patience time.Duration
}

// Next takes a place at the next trunk. When none is left the error is of kind
// fault.Unavailable, or fault.TooMany where only limits stood in the way, and tells
// what the last one said.
func (c *Call) Next() (Try, error) {
	c.leave()
	for !c.ended && (c.retry.Attempts == 0 || c.tries < c.retry.Attempts) {
		for _, l := range c.candidates {
			if try, ok := c.at(l); ok {
				return try, nil
			}
		}
		if c.desperate {
			break
		}
		c.desperate = true
	}
	if fault.Of(c.last) == fault.TooMany {
		return Try{}, c.last
	}
	if c.last == nil {
		return Try{}, fault.New(fault.Unavailable, "no trunk can take the call")
	}
	return Try{}, fault.New(fault.Unavailable, "no trunk can take the call: %w", c.last)
}

// at takes a place at a trunk, if it has a way that is to be tried.
func (c *Call) at(l *line) (Try, bool) {
	ways, err := c.t.ways(l.Name)
	if err != nil {
		c.last = err
		return Try{}, false
	}
	now := time.Now()
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	for _, w := range ways {
		if c.tried[tried{l, w.ID}] {
			continue
		}
		if w.Down != nil {
			c.last = w.Down
			continue
		}
		if r, is := l.resting(w.ID, now); is && (r.strictly || !c.desperate) {
			if c.last == nil {
				c.last = fault.New(fault.Unavailable, "trunk %s is left alone for %v: %s", l.Name, r.until.Sub(now).Round(time.Second), l.lastErr)
			}
			continue
		}
		before := c.tried[tried{line: l}]
		if err := l.take(now, true, before); err != nil {
			c.last = err
			return Try{}, false
		}
		if c.tried == nil {
			c.tried, c.known = make(map[tried]bool), make(map[*line]int)
		}
		c.known[l] = len(ways)
		c.tried[tried{line: l}], c.tried[tried{l, w.ID}] = true, true
		c.tries++
		c.now, c.way, c.rang = l, w.ID, false
		l.attempts++
		return Try{Trunk: l.Name, Way: w.ID, Patience: c.patience()}, true
	}
	return Try{}, false
}

// patience is how long the trunk of this try may be silent: the last one longer, and
// one that stands alone as long as the protocol waits.
func (c *Call) patience() time.Duration {
	all := 0
	for _, l := range c.candidates {
		all += max(1, c.known[l])
	}
	switch {
	case all == 1:
		return 0
	case c.tries >= all || c.tries == c.retry.Attempts:
		return 4 * c.retry.Patience
	}
	return c.retry.Patience
}

// Ringing says that the party that is called has been heard of: it rings, or is
// heard.
func (c *Call) Ringing() { c.rang = true }

// Answered says that the call stands.
func (c *Call) Answered() {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if c.now != nil {
		c.now.answered++
		delete(c.now.rests, c.way)
		c.candidates = nil // there is nothing more to choose
	}
}

// Failed says how the try ended, and reports whether another one is worth while:
// Next then says whether there is one.
func (c *Call) Failed(o Outcome) bool {
	another := o.another(&c.retry, c.rang)
	now := time.Now()
	c.t.mu.Lock()
	if c.now != nil && (another || o.silent() || o.Status >= 500 && o.Status < 600) {
		c.now.failed(c.way, &o, &c.retry, now)
	}
	c.t.mu.Unlock()
	c.last = o.Err
	c.leave()
	return another && !c.ended
}

// End gives the place back. It may come more than once; nothing follows it.
func (c *Call) End() {
	c.ended = true
	c.leave()
}

func (c *Call) leave() {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if c.now != nil {
		c.now.out--
		c.now = nil
	}
}
