package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// alive fails with fault.Gone once the channel has ended. Actor only.
func (c *Channel) alive() error {
	if c.state.Ended {
		return c.errGone()
	}
	return nil
}

func (c *Channel) errGone() error { return fault.New(fault.Gone, "channel %s has ended", c.name) }

// doAlive is Do for a channel that has not ended.
func (c *Channel) doAlive(ctx context.Context, f func() error) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		return f()
	})
}

// Answer accepts an incoming call and waits until its party has the answer; of an
// outgoing one it waits for the party's. A channel that is up already is left
// alone. It fails with fault.Gone when the channel has ended or does so first.
func (c *Channel) Answer(ctx context.Context) error {
	err := c.doAlive(ctx, func() error {
		if c.state.State == Up || c.state.Outgoing {
			return nil
		}
		return c.leg.Answer()
	})
	if err != nil {
		return err
	}
	s, err := c.Until(ctx, func(s ChannelSnapshot) bool { return s.State == Up || s.Ended })
	if err == nil && s.Ended {
		return fault.New(fault.Gone, "channel %s ended before the answer", c.name)
	}
	return err
}

// Ring tells an incoming caller that the called party's phone rings.
func (c *Channel) Ring(ctx context.Context) error {
	return c.doAlive(ctx, func() error {
		if c.state.State == Ring {
			c.leg.Ring()
		}
		return nil
	})
}

// Progress opens early media towards an incoming caller.
func (c *Channel) Progress(ctx context.Context) error {
	return c.doAlive(ctx, func() error {
		if c.state.State != Ring || c.opened {
			return nil
		}
		if err := c.leg.Progress(); err != nil {
			return err
		}
		c.opened = true
		c.mediaChanged()
		return nil
	})
}

// Hold asks the party to stop sending, or to go on.
func (c *Channel) Hold(ctx context.Context, on bool) error {
	return c.doAlive(ctx, func() error {
		err := c.leg.Hold(on)
		c.holding = on && err == nil
		return err
	})
}

// Mute makes what the party says unheard, or heard again, in whatever bridge the
// channel is now or later.
func (c *Channel) Mute(ctx context.Context, on bool) error {
	return c.doAlive(ctx, func() error {
		if c.state.MutedIn == on {
			return nil
		}
		c.state.MutedIn = on
		if p := c.port(); p != nil {
			p.SetMuted(on, false)
		}
		if c.bridge != nil {
			c.bridge.mute(c, on)
		}
		c.emit(event.ChannelMute, nil)
		return nil
	})
}

// SetGain makes what the party says (in) and what it hears (out) louder or softer, by
// mixer.MinGain to mixer.MaxGain dB, for the channel's life; nil leaves one as it is. It
// fails with fault.Invalid.
func (c *Channel) SetGain(ctx context.Context, in, out *float64) error {
	for _, db := range []*float64{in, out} {
		if db != nil && !(*db >= mixer.MinGain && *db <= mixer.MaxGain) { // nor NaN
			return fault.New(fault.Invalid, "a gain of %v dB is not within %d-%d", *db, mixer.MinGain, mixer.MaxGain)
		}
	}
	return c.doAlive(ctx, func() error {
		before := c.state
		if in != nil {
			c.state.GainIn = *in
		}
		if out != nil {
			c.state.GainOut = *out
		}
		if c.state.GainIn == before.GainIn && c.state.GainOut == before.GainOut {
			return nil
		}
		c.publish()
		return c.applyGain(c.port())
	})
}

// applyGain gives a port the channel's gains. Actor only.
func (c *Channel) applyGain(p *mixer.Port) error {
	if p == nil {
		return nil
	}
	if err := p.SetGain(c.state.GainIn); err != nil {
		return err
	}
	return p.SetVolume(c.state.GainOut)
}

// Echo sends the party's own audio back to it, or stops doing so. A channel in a
// bridge leaves it for that.
func (c *Channel) Echo(ctx context.Context, on bool) error {
	return c.doAlive(ctx, func() error {
		p := c.port()
		switch {
		case p == nil:
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		case on:
			c.leaveBridge()
			c.echoing = true
			p.Echo()
		case c.echoing:
			c.echoing = false
			p.Idle()
		}
		return nil
	})
}

// Run runs f, a dialplan or another program of the call, on a goroutine of its
// own. The channel is not gone before f has returned, and hangs up then; from a bridge
// it is taken out. It fails with fault.Conflict when something runs on the channel already.
func (c *Channel) Run(ctx context.Context, f func()) error {
	return c.doAlive(ctx, func() error {
		if c.running {
			return fault.New(fault.Conflict, "channel %s runs a dialplan already", c.name)
		}
		c.running = true
		c.leaveBridge()
		c.engine.crew.Go(func() { // owned by the channel, which is not gone before it ends
			defer c.ran()
			defer guard.Recover(c.log, "a call's program, call ended", func() { c.Hangup(CauseTemporary) })
			f()
		})
		return nil
	})
}

// ran ends the channel after its program.
func (c *Channel) ran() {
	c.postElse(
		func() {
			c.running = false
			c.end(CauseNormal)
		},
		func() { c.lost.runOver.Store(true) },
	)
}

// SetPosition records where the channel is in the dialplan. Like the other Set
// methods it waits for the actor, so that what it sets can be read back at once
// and a program that runs in circles outruns nobody; on a channel that is gone it
// does nothing.
func (c *Channel) SetPosition(pos DialplanPosition) {
	c.set(event.ChannelDialplan, func() { c.state.Dialplan = pos })
}

// SetCaller changes the channel's caller id.
func (c *Channel) SetCaller(id CallerID) { c.set("", func() { c.state.Caller = id }) }

// SetLanguage sets the language of what is played.
func (c *Channel) SetLanguage(language string) { c.set("", func() { c.state.Language = language }) }

// SetAccountCode sets the account that call records are made for.
func (c *Channel) SetAccountCode(code string) { c.set("", func() { c.state.AccountCode = code }) }

// set changes the state and publishes it, with an event unless t is empty.
func (c *Channel) set(t event.Type, f func()) {
	err := c.Do(context.Background(), func() error {
		f()
		if t == "" {
			c.publish()
		} else {
			c.emit(t, nil)
		}
		return nil
	})
	if err != nil && fault.Of(err) != fault.Gone {
		c.log.Warn("channel not changed", "err", err)
	}
}
