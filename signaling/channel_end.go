package signaling

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// legEndTimeout is how long a leg may take to end after Hangup. Legs bound their
// own waits below it; what is over it has a bug and is let go.
const legEndTimeout = 2 * time.Minute

// lost is what found the mailbox full and must not get lost all the same: the
// actor takes it up after whatever it runs next.
type lost struct {
	doomed  atomic.Bool // the mailbox overflowed
	legOver atomic.Pointer[legOver]
	runOver atomic.Bool
}

type legOver struct {
	cause Cause
	peer  bool
}

// post gives f to the actor. A full mailbox means that this call is beyond help:
// it is ended, alone.
func (c *Channel) post(f func()) { c.postElse(f, func() {}) }

// postElse is post; keep, which must not wait, saves what f would have done when
// f finds the mailbox full.
func (c *Channel) postElse(f, keep func()) {
	err := c.act.Post(func() { f(); c.takeUp() })
	if !errors.Is(err, actor.ErrFull) {
		return // accepted, or the channel is gone
	}
	keep()
	if !c.lost.doomed.Swap(true) {
		c.log.Error("channel mailbox full, call ended", "entries", mailboxSize)
	}
	// What still fills the mailbox will see the flag when it has run. Should all
	// of it have run meanwhile, there is room for this.
	_ = c.act.Post(c.takeUp)
}

// takeUp is the end of the actor's every step: it ends a channel whose mailbox overflowed.
// Actor only.
func (c *Channel) takeUp() {
	c.judge()
	if !c.lost.doomed.Load() || c.destroyed {
		return
	}
	if over := c.lost.legOver.Swap(nil); over != nil {
		c.legEnds(*over)
	}
	if c.lost.runOver.Swap(false) {
		c.running = false
	}
	c.end(CauseTemporary)
}

// Hangup ends the channel with a cause; the first cause wins. It returns at
// once; Gone tells when nothing is left.
func (c *Channel) Hangup(cause Cause) {
	c.post(func() { c.end(cause) })
}

// end begins the end, or goes on with one that a panic interrupted. Actor only.
func (c *Channel) end(cause Cause) {
	if c.destroyed {
		return
	}
	if !c.state.Ended {
		c.state.Ended = true
		c.state.Cause = cause
		c.emit(event.ChannelHangupRequest, nil)
	}
	c.quality.Stop()
	c.hangup()
	c.guard("stop what is sent", c.stopSending)
	c.guard("leave a bridge", c.leaveBridge)
	c.hangUpLeg()
	c.destroyIfOver()
}

// hangUpLeg tells the leg, once. Actor only.
func (c *Channel) hangUpLeg() {
	if c.legEnded || c.hungUp {
		return
	}
	c.hungUp = true
	if c.started {
		c.overdue = time.AfterFunc(legEndTimeout, func() { c.post(c.abandonLeg) })
	} else {
		c.legEnded = true // it knows nobody to report to
	}
	if !c.guard("hang up a leg", func() { c.leg.Hangup(c.state.Cause) }) {
		c.legEnded = true
	}
}

func (c *Channel) abandonLeg() {
	if c.legEnded {
		return
	}
	c.log.Error("leg did not end in time and is let go", "endpoint", c.state.Endpoint)
	c.legEnded = true
	c.destroyIfOver()
}

// legEnds takes the leg's end. Actor only.
func (c *Channel) legEnds(over legOver) {
	if c.legEnded {
		return
	}
	c.legEnded = true
	if over.peer && !c.state.Ended {
		c.log.Debug("party hung up", "cause", int(over.cause))
		if will := c.will; will != nil {
			c.will = nil
			go c.carryOut(will, over.cause) // owned by the channel, which ends when it returns
			return
		}
	}
	c.end(over.cause)
}

// destroyIfOver removes the channel once its leg and its dialplan have ended.
func (c *Channel) destroyIfOver() {
	if !c.legEnded || c.running || !c.state.Ended || c.destroyed {
		return
	}
	c.destroyed = true
	if c.overdue != nil {
		c.overdue.Stop()
	}
	c.engine.forget(c)
	last := &publishedSnapshot{state: c.state, changed: make(chan struct{}), final: true}
	c.swap(last)
	c.engine.bus.Publish(event.Event{Type: event.ChannelDestroyed, Channel: string(c.id), Data: last.state})
	c.log.Info("channel ended", slog.Int("cause", int(c.state.Cause)), slog.String("cause_text", c.state.Cause.Text()),
		slog.Int("seconds", int(c.engine.now().Sub(c.state.Created).Seconds())), callID(&c.state))
	c.act.Stop()
	c.engine.departed(c)
}

// crashed is the actor's answer to a panic in one of this channel's functions:
// this call ends, no other.
func (c *Channel) crashed(err error) {
	c.log.Error("panic in a channel, call ended", "err", err)
	c.guard("end a call", func() {
		c.end(CauseTemporary)
		c.takeUp()
	})
}

// guard runs a step of the end, and the next ones run even when it panics. It
// reports whether it did not.
func (c *Channel) guard(what string, f func()) (ok bool) {
	return guard.Do(c.log, "the end of a call: "+what, f)
}
