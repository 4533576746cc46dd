package voip

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// joinTimeout bounds how long a channel may take to enter its bridge.
const joinTimeout = 10 * time.Second

// awaitOffer waits for a browser to make its offer. A creator with a phone is rung
// there after the grace, unless a browser of theirs has shown up. Whoever does not
// come while phones ring has left.
func (c *Call) awaitOffer(pt *party) {
	ring, stop := c.service.after(c.ring)
	defer stop()
	var grace <-chan struct{}
	if pt.phone != "" {
		passed, stop := c.service.after(c.service.cfg.OfferGrace)
		defer stop()
		grace = passed
	}
	for {
		select {
		case <-pt.settled:
			return // its channel is followed, or it has left
		case <-grace:
			grace = nil // once
			c.ringPhone(pt)
		case <-ring:
			c.left(pt, nil, signaling.CauseNoAnswer)
			return
		}
	}
}

// ringPhone rings the creator's own phone when no browser of theirs has shown up.
func (c *Call) ringPhone(pt *party) {
	c.mu.Lock()
	absent := pt.state == StateInvited && !pt.busy && !pt.seen
	c.mu.Unlock()
	if !absent {
		return
	}
	target, err := dialstring.Parse(endpoints.PhoneTech + "/" + pt.phone)
	if err != nil {
		c.service.log.Debug("creator's phone not rung", "call", c.id, "err", err)
		return
	}
	ch, err := c.service.cfg.Engine.Outgoing(c.service.ctx, signaling.Outgoing{
		Target:  target,
		Request: signaling.DialRequest{Call: c.id, Caller: signaling.CallerID{Name: c.caller.Name, Number: pt.calls}}, LinkedID: c.linked(),
	})
	if err != nil {
		c.service.log.Debug("creator's phone not rung", "call", c.id, "endpoint", target.String(), "err", err)
		return
	}
	c.mu.Lock()
	absent = pt.state == StateInvited && !pt.busy && pt.channel == nil
	if absent {
		pt.endpoint, pt.state = target.String(), StateRinging
		c.attach(pt, ch)
	}
	c.mu.Unlock()
	if !absent { // an offer came meanwhile
		ch.Hangup(signaling.CauseAnsweredElse)
		return
	}
	c.follow(pt, ch)
}

// follow keeps a party's state true to its channel: it rings out, is heard before it
// answers where it has something to say, joins when it answers, leaves when it ends.
// A channel that another has replaced is of no more interest.
func (c *Call) follow(pt *party, ch *signaling.Channel) {
	ring, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := c.service.cfg.AfterFunc(pt.calling.Rings(c.ring), cancel)
	defer stop()
	rang := c.progress(ring, pt, ch)
	s, err := ch.Until(ring, func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up || s.Ended })
	answered := err == nil && s.State == signaling.Up
	switch {
	case err != nil:
		ch.Hangup(signaling.CauseNoAnswer)
	case !s.Ended:
		if err := c.join(pt, ch); err != nil {
			c.log.Warn("party not joined", "channel", ch.Name(), "err", err)
			ch.Hangup(signaling.CauseOf(err))
		}
	}
	s, err = ch.Until(context.Background(), func(s signaling.ChannelSnapshot) bool { return s.Ended })
	switch next := c.onward(pt, ch, s.Cause, answered, rang); {
	case next != nil:
		c.follow(pt, next)
	case err == nil:
		c.left(pt, ch, s.Cause)
	}
}

// onward is the channel on which a party is called that has not answered, where its phone
// forwards or names somebody in its place; nil for none.
func (c *Call) onward(pt *party, ch *signaling.Channel, cause signaling.Cause, answered, rang bool) *signaling.Channel {
	if answered || c.isOver() {
		return nil
	}
	next, err := pt.calling.Next(c.service.ctx, ch, cause, rang)
	if err != nil {
		c.log.Info("call not forwarded", "endpoint", pt.endpoint, "err", err)
	}
	if next == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if pt.channel != ch || pt.state == StateLeft { // it has been left out meanwhile
		next.Hangup(signaling.CauseNormal)
		return nil
	}
	c.attach(pt, next)
	return next
}

// progress follows a called party to its answer, its end, or ctx: that it rings, and
// what it plays before it answers (an announcement, a ring tone of its network).
func (c *Call) progress(ctx context.Context, pt *party, ch *signaling.Channel) (rung bool) {
	heard := false
	for {
		s, err := ch.Until(ctx, func(s signaling.ChannelSnapshot) bool {
			return s.State == signaling.Up || s.Ended || s.State == signaling.Ringing && !rung || s.Media && !heard
		})
		if err != nil || s.State == signaling.Up || s.Ended {
			return rung
		}
		if s.State == signaling.Ringing && !rung {
			rung = true
			c.mu.Lock()
			c.rings()
			c.mu.Unlock()
		}
		if s.Media && !heard {
			heard = true
			c.early(ctx, pt, ch)
		}
	}
}

// early lets the other party hear a called one that has not answered. Where several
// are called, none is heard before it answers.
func (c *Call) early(ctx context.Context, pt *party, ch *signaling.Channel) {
	c.mu.Lock()
	alone := c.bridge != nil && len(c.parties) <= 2 && pt.role == roleCallee && pt.channel == ch
	if alone {
		c.rings()
	}
	c.mu.Unlock()
	if !alone {
		return
	}
	if err := c.bridge.Add(ctx, ch); err != nil && ctx.Err() == nil && fault.Of(err) != fault.Gone {
		c.log.Warn("party not heard before its answer", "channel", ch.Name(), "err", err)
	}
}

// join puts a party that is up where the call meets.
func (c *Call) join(pt *party, ch *signaling.Channel) error {
	ctx, cancel := context.WithTimeout(c.service.ctx, joinTimeout)
	defer cancel()
	switch {
	case c.plan: // which joins them
	case c.room == nil:
		if err := c.bridge.Add(ctx, ch); err != nil {
			return err
		}
	case !c.goDo(func() { c.visit(pt, ch) }):
		return errShutdown
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if pt.channel != ch || pt.state == StateLeft {
		return fault.New(fault.Gone, "the party has left")
	}
	pt.state = StateConnected
	c.touch()
	c.activate()
	return nil
}
