package signaling

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// alive fails with fault.Gone once the channel has ended. Actor only.
func (c *Channel) alive() error {
	if c.state.Ended {
		return fault.New(fault.Gone, "channel %s has ended", c.name)
	}
	return nil
}

// Answer accepts an incoming call and waits until its party has the answer. A
// channel that is up already is left alone.
func (c *Channel) Answer(ctx context.Context) error {
	err := c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
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
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		if c.state.State == Ring {
			c.leg.Ring()
		}
		return nil
	})
}

// Progress opens early media towards an incoming caller.
func (c *Channel) Progress(ctx context.Context) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		if c.state.State != Ring {
			return nil
		}
		if err := c.leg.Progress(); err != nil {
			return err
		}
		c.describe()
		c.publish()
		return nil
	})
}

// Hold asks the party to stop sending, or to go on.
func (c *Channel) Hold(ctx context.Context, on bool) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		return c.leg.Hold(on)
	})
}

// Mute makes what the party says unheard, or heard again.
func (c *Channel) Mute(ctx context.Context, on bool) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
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

// Echo sends the party's own audio back to it, or stops doing so.
func (c *Channel) Echo(ctx context.Context, on bool) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		p := c.port()
		if p == nil {
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		}
		if on {
			p.Echo()
		} else {
			p.Idle()
		}
		return nil
	})
}

// The shapes of a digit that is sent without further wishes.
const (
	DigitLength = 100 * time.Millisecond
	DigitGap    = 100 * time.Millisecond
	maxDigits   = 128
)

// SendDigits sends DTMF digits to the party, one after another.
func (c *Channel) SendDigits(ctx context.Context, digits string) error {
	if len(digits) > maxDigits {
		return fault.New(fault.TooLarge, "%d digits, at most %d", len(digits), maxDigits)
	}
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		p := c.port()
		if p == nil {
			return fault.New(fault.Conflict, "channel %s has no media yet", c.name)
		}
		return p.SendDigits(digits, DigitLength, DigitGap)
	})
}

// Run runs f, a dialplan or another program of the call, on a goroutine of its
// own. The channel is not gone before f has returned, and hangs up then. It fails
// with fault.Conflict when something runs on the channel already.
func (c *Channel) Run(ctx context.Context, f func()) error {
	return c.Do(ctx, func() error {
		if err := c.alive(); err != nil {
			return err
		}
		if c.running {
			return fault.New(fault.Conflict, "channel %s runs a dialplan already", c.name)
		}
		c.running = true
		go c.run(f) // owned by the channel, which is not gone before it ends
		return nil
	})
}

func (c *Channel) run(f func()) {
	defer c.post(func() {
		c.running = false
		c.end(CauseNormal)
	})
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("panic in a call's program, call ended", "err", fmt.Sprint(r), "stack", string(debug.Stack()))
			c.Hangup(CauseTemporary)
		}
	}()
	f()
}

// SetPosition records where the channel is in the dialplan.
func (c *Channel) SetPosition(pos DialplanPosition) {
	c.post(func() {
		c.state.Dialplan = pos
		c.emit(event.ChannelDialplan, nil)
	})
}

// SetCaller changes the channel's caller id.
func (c *Channel) SetCaller(id CallerID) {
	c.post(func() {
		c.state.Caller = id
		c.publish()
	})
}

// SetConnected records who the channel is connected to.
func (c *Channel) SetConnected(id CallerID) {
	c.post(func() {
		c.state.Connected = id
		c.publish()
	})
}

// SetLanguage sets the language of what is played.
func (c *Channel) SetLanguage(language string) {
	c.post(func() {
		c.state.Language = language
		c.publish()
	})
}

// SetAccountCode sets the account that call records are made for.
func (c *Channel) SetAccountCode(code string) {
	c.post(func() {
		c.state.AccountCode = code
		c.publish()
	})
}
