package voip

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// InviteMore is the body of POST /calls/{id}/participants.
type InviteMore struct {
	Participants []string `json:"participants" nullable:"false" minItems:"1" maxItems:"64" doc:"Endpoints, as in POST /calls"`
}

// connected is the channel of the party that a principal is.
func (c *Call) connected(p auth.Principal) (*party, *signaling.Channel, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pt, err := c.present(p)
	switch {
	case err != nil:
		return nil, nil, err
	case pt.channel == nil || pt.state != StateConnected:
		return nil, nil, fault.New(fault.Conflict, "you are not connected yet")
	}
	return pt, pt.channel, nil
}

// mute makes a party heard or not, as its own user wishes.
func (c *Call) mute(ctx context.Context, p auth.Principal, pt *party, on bool) error {
	return c.muteAs(ctx, pt, on, false, c.room != nil && c.service.rooms.Moderates(p, c.room))
}

// muteAs makes a party heard or not, as rooms.Muting says.
func (c *Call) muteAs(ctx context.Context, pt *party, on, forOthers, moderates bool) error {
	if err := pt.way.MayMute(on); err != nil {
		return err
	}
	c.mu.Lock()
	ch := pt.channel
	c.mu.Unlock()
	if ch == nil {
		return fault.New(fault.Conflict, "not connected yet")
	}
	defer c.touch()
	return pt.muting.Mute(ctx, ch, on, forOthers, moderates)
}

// MuteSelf makes the party that a principal is heard or not.
func (c *Call) MuteSelf(ctx context.Context, p auth.Principal, on bool) error {
	pt, _, err := c.connected(p)
	if err != nil {
		return err
	}
	return c.mute(ctx, p, pt, on)
}

// Hold takes a user out of the conversation, or brings them back. Phones of the
// others show it; browsers hear silence.
func (c *Call) Hold(ctx context.Context, p auth.Principal, on bool) error {
	pt, ch, err := c.connected(p)
	if err != nil {
		return err
	}
	if c.plan {
		return fault.New(fault.Conflict, "a call of the dialplan cannot be put on hold; mute yourself instead")
	}
	if c.room != nil {
		return fault.New(fault.Conflict, "a room cannot be put on hold; mute yourself, or leave it")
	}
	if on {
		err = c.bridge.Remove(ctx, ch)
	} else {
		err = c.bridge.Add(ctx, ch)
	}
	if err != nil {
		return err
	}
	c.touch()
	c.mu.Lock()
	changed := pt.held != on
	pt.held = on && pt.state != StateLeft
	var others []*signaling.Channel
	for _, other := range c.parties {
		if other != pt && other.channel != nil && other.state == StateConnected {
			others = append(others, other.channel)
		}
	}
	c.mu.Unlock()
	if !changed {
		return nil
	}
	for _, other := range others {
		if err := other.Hold(ctx, on); err != nil && fault.Of(err) != fault.Unsupported {
			c.service.log.Info("party not told of the hold", "call", c.id, "channel", other.Name(), "err", err)
		}
	}
	return nil
}

// SendDigits sends DTMF to everybody else.
func (c *Call) SendDigits(ctx context.Context, p auth.Principal, digits string) error {
	c.mu.Lock()
	if err := c.open(); err != nil {
		c.mu.Unlock()
		return err
	}
	if !c.rules(p) {
		c.mu.Unlock()
		return errLeft
	}
	self := c.partyFor(p)
	var to []*signaling.Channel
	for _, pt := range c.parties {
		if pt.channel != nil && pt != self && pt.state == StateConnected {
			to = append(to, pt.channel)
		}
	}
	c.mu.Unlock()
	if len(to) == 0 {
		return fault.New(fault.Conflict, "nobody is connected")
	}
	for _, ch := range to {
		if err := ch.SendDigits(ctx, digits); err != nil {
			return err
		}
	}
	return nil
}

// More calls further endpoints into the call.
func (c *Call) More(ctx context.Context, p auth.Principal, names []string) error {
	targets, err := c.service.cfg.Dial.Parse(p, names)
	if err != nil {
		return err
	}
	c.mu.Lock()
	err = c.open()
	pt := c.partyFor(p)
	switch {
	case err != nil:
	case c.createdBy != p.User && !p.SeesAll() && (pt == nil || pt.state != StateConnected):
		err = fault.New(fault.Forbidden, "only who is in the call may call others into it")
	case c.plan:
		err = fault.New(fault.Conflict, "nobody can be called into a call of the dialplan")
	case c.room != nil:
		err = fault.New(fault.Conflict, "join them to the room instead")
	case len(c.parties)-c.count(StateLeft)+len(targets) > maxParties:
		err = fault.New(fault.Full, "%d participants, the limit", maxParties)
	}
	if err == nil {
		err = c.absent(targets)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	var called []*party
	for i, t := range targets {
		pt, err := c.invite(ctx, t)
		if err != nil { // all of them or none
			for _, pt := range called {
				c.takeOut(pt, signaling.CauseNormal)
			}
			return endpoints.InParticipant(i, err)
		}
		called = append(called, pt)
	}
	return nil
}

// absent fails when one of the endpoints is in the call already. The lock is held.
func (c *Call) absent(targets []dialstring.Target) error {
	for i, t := range targets {
		for _, pt := range c.parties {
			other, err := dialstring.Parse(pt.endpoint)
			if err == nil && pt.state != StateLeft && endpoints.Same(other, t) {
				return endpoints.InParticipant(i, fault.New(fault.Conflict, "%s is in the call already", t))
			}
		}
	}
	return nil
}

// Remove takes a participant out: themselves, or anybody for the creator and an
// admin.
func (c *Call) Remove(p auth.Principal, id string) error {
	c.mu.Lock()
	err := c.open()
	var found *party
	for _, pt := range c.parties {
		if pt.id == id && pt.state != StateLeft {
			found = pt
		}
	}
	self := found != nil && found == c.partyFor(p)
	c.mu.Unlock()
	switch {
	case err != nil:
		return err
	case found == nil:
		return fault.New(fault.NotFound, "no participant %q", id)
	case !self && c.createdBy != p.User && !p.SeesAll():
		return fault.New(fault.Forbidden, "only the call's creator may remove others")
	}
	if self {
		c.leave(found)
	} else {
		c.takeOut(found, signaling.CauseNormal)
	}
	return nil
}
