package voip

import (
	"context"
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/voip/transfers"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// talker is a party that talks, and its channel.
type talker struct {
	*party
	on *signaling.Channel
}

// talks is the party that a principal is and that talks here, and who else does. The lock is
// held.
func (c *Call) talks(p auth.Principal) (self talker, others []talker, err error) {
	if err := c.open(); err != nil {
		return self, nil, err
	}
	pt := c.partyFor(p)
	switch {
	case c.room != nil:
		return self, nil, fault.New(fault.Conflict, "a room cannot be transferred")
	case pt == nil:
		return self, nil, fault.New(fault.Forbidden, "only who is in a call may transfer it")
	case pt.channel == nil || pt.state != StateConnected:
		return self, nil, fault.New(fault.Conflict, "you are not connected")
	}
	for _, other := range c.parties {
		if other != pt && other.channel != nil && other.state == StateConnected {
			others = append(others, talker{other, other.channel})
		}
	}
	return talker{pt, pt.channel}, others, nil
}

// TransferTo has an endpoint rung in the place of who asks, whose part ends. Who stays hears
// music until it answers; where it does not the call is over, unless more than one stays.
func (c *Call) TransferTo(ctx context.Context, p auth.Principal, to dialstring.Target) error {
	c.mu.Lock()
	pt, others, err := c.talks(p)
	if err == nil && len(others) == 0 {
		err = fault.New(fault.Conflict, "you talk to nobody")
	}
	if err == nil {
		err = c.absent([]dialstring.Target{to})
	}
	if err == nil {
		err = c.service.cfg.Dial.Check(p, to)
	}
	c.mu.Unlock()
	if err == nil {
		c.bridge.Stay(true)
		_, err = c.invite(ctx, to)
	}
	if err != nil {
		return rest.InField("body.to", err)
	}
	transfers.TellBlind(c.service.cfg.Engine, c.bridge, pt.on, others[0].on, to.String())
	c.unhold(ctx, pt, others)
	c.leave(pt.party)
	return nil
}

// unhold tells those who were held by a party that goes that nobody holds them any more.
func (c *Call) unhold(ctx context.Context, pt talker, others []talker) {
	c.mu.Lock()
	held := pt.held
	c.mu.Unlock()
	for _, other := range others {
		if !held {
			return
		}
		if err := other.on.Hold(ctx, false); err != nil && fault.Of(err) != fault.Unsupported {
			c.log.Info("party not told of the end of a hold", "channel", other.on.Name(), "err", err)
		}
	}
}

// TransferInto joins the other party of this call and that of another one of the same user's,
// whose part in both ends. Where one of the calls has several others, the other one's party joins
// it; a browser stays in its call where the choice is free.
func (c *Call) TransferInto(ctx context.Context, p auth.Principal, other *Call) error {
	c.mu.Lock()
	pt1, here, err := c.talks(p)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	other.mu.Lock()
	pt2, there, err := other.talks(p)
	ringing := other.count(StateRinging) + other.count(StateInvited)
	other.mu.Unlock()
	if err != nil {
		return err
	}
	from, to, leaves, moves, meets := c, other, pt2, here, there
	if len(there) == 1 && (len(here) != 1 || here[0].leg != nil && there[0].leg == nil) {
		from, to, leaves, moves, meets = other, c, pt1, there, here
	}
	if len(moves) != 1 || len(meets) == 0 && ringing == 0 {
		return fault.New(fault.Conflict, "one of the calls has nobody, or both have several, to be joined")
	}
	t := transfers.Attended{First: pt1.on, Second: pt2.on, From: from.bridge, To: to.bridge, Moves: moves[0].on}
	if len(meets) > 0 {
		t.Meets = meets[0].on
	}
	if err := from.move(ctx, moves[0].party, to, leaves.on); err != nil {
		return err
	}
	transfers.TellAttended(c.service.cfg.Engine, t)
	c.unhold(ctx, pt1, here)
	other.unhold(ctx, pt2, there)
	c.leave(pt1.party)
	other.leave(pt2.party)
	return nil
}

// move takes a party into another call, in the place of one that is about to leave that.
func (c *Call) move(ctx context.Context, pt *party, to *Call, leaves *signaling.Channel) error {
	moved := newParty(pt.endpoint, pt.role, StateConnected)
	c.mu.Lock()
	ch := pt.channel
	if ch == nil || pt.state != StateConnected {
		c.mu.Unlock()
		return fault.New(fault.Conflict, "the other party has left")
	}
	moved.user, moved.leg, moved.calling, moved.part, moved.away = pt.user, pt.leg, pt.calling, pt.part, pt.away
	pt.channel, pt.leg, pt.moved = nil, nil, true // what ends this call is nothing to it
	c.mu.Unlock()
	if moved.leg != nil { // first: it is seen in the other bridge as what it is called when it comes there
		moved.leg.Performer().Appear(to.seen(moved, moved.user, mailbox.Server))
	}
	err := to.take(ctx, moved, ch, leaves)
	if err != nil && moved.leg != nil {
		moved.leg.Performer().Appear(c.seen(pt, pt.user, mailbox.Server))
	}
	c.mu.Lock()
	if err != nil {
		over := pt.state == StateLeft // the call has ended meanwhile, without the channel
		pt.channel, pt.leg, pt.moved = ch, moved.leg, false
		c.mu.Unlock()
		if over {
			ch.Hangup(signaling.CauseNormal)
		} else if now := ch.Snapshot(); now.Ended { // which went unnoticed, as it was nobody's here
			c.left(pt, ch, now.Cause)
		}
		return err
	}
	pt.leave()
	c.mu.Unlock()
	moved.part.is(to, moved)
	if text, err := json.Marshal(map[string]string{"call_id": to.id}); err == nil && moved.user != "" {
		if _, err := c.messages.Tell(mailbox.Server, moved.user, transfers.Moved, text); err != nil {
			c.log.Info("user not told of the transfer", "err", err)
		}
	}
	return to.watch(moved, ch)
}

// take takes in a party from another call.
func (c *Call) take(ctx context.Context, pt *party, ch, leaves *signaling.Channel) error {
	c.mu.Lock()
	err := c.open()
	if err == nil {
		c.parties = append(c.parties, pt)
		c.attach(pt, ch)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err = c.bridge.Replace(ctx, leaves, ch); fault.Of(err) == fault.NotFound { // it holds the others
		err = c.bridge.Add(ctx, ch)
	}
	if err != nil {
		c.mu.Lock()
		pt.channel = nil
		pt.leave()
		c.mu.Unlock()
	}
	return err
}
