package voip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/lifetime"
)

// relay passes a message on to another user. With an answer the two talk to each
// other without us.
func (c *Call) relay(p auth.Principal, pt, other *party, in SendMessage) (mailbox.MessageBody, error) {
	msg, err := c.messages.Post(p.User, other.user, in.MessageType, in.Payload)
	if err != nil {
		return mailbox.MessageBody{}, err
	}
	c.mu.Lock()
	direct, watch := pt.direct, false
	if in.MessageType == mailbox.Offer || in.MessageType == mailbox.Answer {
		pt.relays, other.relays = true, true // they need none of ours
	}
	if in.MessageType == mailbox.Offer {
		pt.asks = other
	}
	if in.MessageType == mailbox.Answer && other.asks == pt { // else it is late, or answers nothing
		other.asks = nil
		c.connectDirectly(pt)
		c.connectDirectly(other)
		c.activate()
		watch = !c.watched && pt.direct
		c.watched = c.watched || watch
	}
	c.mu.Unlock()
	if watch && !c.goDo(c.watchDirect) {
		return mailbox.MessageBody{}, errShutdown
	}
	if direct && in.MessageType == mailbox.Hangup {
		c.leave(pt)
	}
	return msg, nil
}

// connectDirectly marks a party without media of ours as connected. The lock is held.
func (c *Call) connectDirectly(pt *party) {
	if pt.channel != nil || pt.busy || pt.state == StateLeft || c.room != nil {
		return
	}
	pt.direct, pt.state = true, StateConnected
	c.touch()
	pt.settle()
}

// watchDirect ends a call that goes on without us once nobody has sent or asked for
// a message for long: nothing else tells that the browsers are gone. Nor does anything else end one
// that has lasted for too long.
func (c *Call) watchDirect() {
	patience := c.service.cfg.DirectIdle
	longest := c.service.cfg.MaxDuration
	for left := patience; ; {
		if longest > 0 {
			left = min(left, longest-c.lasted())
		}
		passed, stop := c.service.after(max(left, time.Second))
		select {
		case <-c.over:
			stop()
			return
		case <-passed:
		}
		c.mu.Lock()
		left = patience - c.service.cfg.Now().Sub(c.lastSeen)
		idle := left <= 0 && len(c.parties) == c.count(StateLeft)+c.countDirect()
		c.mu.Unlock()
		switch {
		case idle:
			c.end(signaling.CauseNormal)
			return
		case longest > 0 && c.lasted() >= longest:
			c.end(lifetime.CauseTooLong)
			return
		}
		left = max(left, patience/10)
	}
}

// lasted is for how long people have talked.
func (c *Call) lasted() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.service.cfg.Now().Sub(c.answered)
}

// countDirect is the number of parties that talk without us. The lock is held.
func (c *Call) countDirect() int {
	n := 0
	for _, pt := range c.parties {
		if pt.direct && pt.state != StateLeft {
			n++
		}
	}
	return n
}
