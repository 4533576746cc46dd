package signaling

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// LetGo has the channel's call end as soon as it is in no bridge, unless something runs on
// it: who has called it does not care for it any more.
func (c *Channel) LetGo() {
	c.post(func() {
		c.state.Adrift = true
		c.publish()
		c.endAdrift()
	})
}

// Withdraw ends the call to a party that has not answered; an answer that came before stays.
// The channel's next state tells which it is.
func (c *Channel) Withdraw(cause Cause) {
	c.post(func() {
		if c.state.State != Up {
			c.end(cause)
		}
	})
}

// GiveUp ends the channel's call for who has called it and hangs up, unless the party has
// answered in the same moment and talks: then somebody may have taken that one's place, and
// the call ends with what it takes part in.
func (c *Channel) GiveUp(cause Cause) {
	c.post(func() {
		if c.state.State == Up && c.bridge != nil {
			c.LetGo()
			return
		}
		c.end(cause)
	})
}

// endAdrift ends a channel that nobody cares for. Actor only.
func (c *Channel) endAdrift() {
	if c.state.Adrift && c.bridge == nil && !c.running {
		c.end(CauseNormal)
	}
}

// Replace puts a channel into the bridge in another one's place, which leaves it and stays
// up. Nobody else notices, and no place is needed. It fails with fault.NotFound when that one
// is not there, and otherwise as Add does; then it stays.
func (b *Bridge) Replace(ctx context.Context, old, c *Channel) error {
	if old.Snapshot().Bridge != b.id {
		return fault.New(fault.NotFound, "channel %s is not in bridge %s", old.name, b.id)
	}
	if err := b.enter(ctx, c, Everyone(), Everyone(), old); err != nil {
		return err
	}
	if err := b.Remove(ctx, old); fault.Of(err) != fault.Gone { // that one has hung up meanwhile, and is not there
		return err
	}
	return nil
}

// Peer is the other one of two in a conversation; nil in a conference, and for who is alone.
func (b *Bridge) Peer(c *Channel) *Channel {
	if !b.converses() {
		return nil
	}
	return b.other(c)
}
