package signaling

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
)

// backTimeout is how long audio is waited for that is taken back.
const backTimeout = 2 * time.Second

// DirectEvents is what a Leg that is a directmedia.Party tells its channel beside LegEvents.
type DirectEvents interface {
	// LegDirectOver says that the party's audio passes here again, by its own doing.
	LegDirectOver()
}

var _ DirectEvents = legEvents{}

func (l legEvents) LegDirectOver() {
	l.c.whileLive(func() {
		if b := l.c.bridge; b != nil {
			b.in.Talk.Over()
		}
	})
}

// judge tells the bridge whether the channel's audio is needed here. Actor only, after each of
// its steps.
func (c *Channel) judge() {
	b := c.bridge
	if b == nil || !b.cfg.Direct {
		return
	}
	s := &c.state
	needed := s.State != Up || s.MutedIn || s.GainIn != 0 || s.GainOut != 0 || c.holding ||
		c.claims > 0 || c.playback != nil || len(c.sending) > 0 || c.tones != nil
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in.Need(c, needed)
}

// whenHere runs f on the actor as soon as the party's audio passes here, and has it do so until
// release. Actor only.
func (c *Channel) whenHere(f func(release func())) {
	b := c.bridge
	c.claims++
	c.judge()
	run := func() { f(sync.OnceFunc(func() { c.claims-- })) }
	if b == nil || !b.cfg.Direct {
		run()
		return
	}
	var late *time.Timer
	once := sync.OnceFunc(func() { late.Stop(); run() })
	late = time.AfterFunc(backTimeout, func() { c.post(once) })
	if b.in.Talk.Back(func() { c.post(once) }) {
		once()
	}
}

// withAudio has begin make something at a channel's port, on the actor, once the party's audio
// passes here, which it does until begin calls release, on the actor too, or fails. undo
// takes back, on the actor, what was made for one who does not wait any more. The error is of
// kind fault.Conflict when there is no media, fault.Gone, or that of begin or ctx.
func withAudio[T any](ctx context.Context, c *Channel, begin func(p *mixer.Port, release func()) (T, error), undo func(T)) (made T, err error) {
	var none T
	type outcome struct {
		made T
		err  error
	}
	done, left := make(chan outcome, 1), false // left is the actor's
	err = c.doAlive(ctx, func() error {
		c.whenHere(func(release func()) {
			o := outcome{err: cmp.Or(c.alive(), ctx.Err())}
			switch p := c.port(); {
			case o.err != nil:
			case left:
				o.err = context.Canceled
			case p == nil:
				o.err = fault.New(fault.Conflict, "channel %s has no media yet", c.name)
			default:
				o.made, o.err = begin(p, release)
			}
			if o.err != nil {
				release()
			}
			done <- o
		})
		return nil
	})
	leave := func() {
		c.post(func() {
			left = true
			select {
			case o := <-done: // it was made in the same moment
				if o.err == nil {
					undo(o.made)
				}
			default:
			}
		})
	}
	if err != nil {
		leave()
		return none, err
	}
	select {
	case o := <-done:
		return o.made, o.err
	case <-ctx.Done():
		leave()
		return none, ctx.Err()
	case <-c.live.Done():
		return none, c.errGone()
	}
}
