package signaling

import "github.com/skygenesisenterprise/skybridge/signaling/party"

// Line is a Leg whose party can be shown who it is connected to.
type Line interface {
	// Connected is who the party talks to from now on, or will. It returns at once.
	Connected(id CallerID)
}

// SetConnected records who the channel is connected to, and shows it to the party.
func (c *Channel) SetConnected(id CallerID) { c.set("", func() { c.connected(id) }) }

// connected is SetConnected on the actor.
func (c *Channel) connected(id CallerID) {
	if c.state.Connected == id {
		return
	}
	c.state.Connected = id
	if leg, ok := c.leg.(Line); ok {
		leg.Connected(id)
	}
}

// SetRedirecting records how the channel's call was sent on.
func (c *Channel) SetRedirecting(way *party.Redirecting) {
	c.set("", func() { c.state.Redirecting = way })
}

// LegConnected takes who the party is from now on: a server behind which somebody else
// has answered, or to whom it was transferred. Whoever it talks to is shown that.
func (l legEvents) LegConnected(id CallerID) {
	l.c.whileLive(func() {
		if l.c.state.Caller == id {
			return
		}
		l.c.state.Caller = id
		l.c.publish()
		if l.c.bridge != nil {
			l.c.bridge.showOther(l.c, id)
		}
	})
}

// showOther shows who a member is to the other one, if there are two.
func (b *Bridge) showOther(c *Channel, id CallerID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if other := b.in.Other(c); other != nil && b.converses() {
		other.whileLive(func() {
			if other.bridge == b {
				other.connected(id)
				other.publish()
			}
		})
	}
}
