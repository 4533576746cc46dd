package music

import (
	"context"
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// ahead is how many pieces are in the room: the one that is heard and the one after it.
const ahead = 2

// class is one that plays.
type class struct {
	log    *slog.Logger
	room   *mixer.Room
	cancel context.CancelFunc
	wake   chan struct{} // a piece has ended

	mu      sync.Mutex
	next    source // what to go on with
	changed bool
	waiting int // pieces in the room
}

// setSource lets the class go on with something else.
func (c *class) setSource(s source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next, c.changed = s, true
}

// event is the mixer's word that a piece has ended.
func (c *class) event(ev mixer.Event) {
	if ev.Kind != mixer.PlaybackDone {
		return
	}
	c.mu.Lock()
	c.waiting--
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// run keeps pieces in the room until ctx ends.
func (c *class) run(ctx context.Context) {
	var playing *pieces
	for {
		c.mu.Lock()
		source, changed := c.next, c.changed
		c.changed = false
		wanted := c.waiting < ahead
		if wanted {
			c.waiting++
		}
		c.mu.Unlock()
		if playing == nil || changed {
			playing = source.open(c.log)
		}
		if wanted {
			clip := playing.next()
			// Whoever comes to listen shall not wait for this.
			for _, rate := range []int{8000, 16000, 48000} {
				if err := clip.Prepare(rate); err != nil {
					c.log.Error("music on hold cannot be played", "rate", rate, "err", err)
				}
			}
			if err := c.room.Play(clip, mixer.PlayOptions{Queue: true}); err != nil {
				if fault.Of(err) != fault.Gone {
					c.log.Error("music on hold cannot be played", "err", err)
				}
				return
			}
			continue
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}
