package webrtc

import (
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// Called is a leg to a user who is rung: it has no media until one of the user's browsers has
// taken the call and described its own, from when on it is that browser's Leg.
type Called struct {
	ringer  Ringer
	User    string
	Request signaling.DialRequest

	endpoint string
	mu       sync.Mutex
	events   signaling.LegEvents
	leg      *Leg
	ended    bool
}

var _ signaling.Leg = (*Called)(nil)

// Start has the user's browsers ring.
func (c *Called) Start(events signaling.LegEvents) {
	c.mu.Lock()
	c.events = events
	c.mu.Unlock()
	c.ringer.Ring(c)
	events.LegRinging()
}

// Channel is the leg's channel, once it has started.
func (c *Called) Channel() *signaling.Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return signaling.ChannelOf(c.events)
}

// Take answers the call by a browser's leg, which is c's from now on. It fails with
// fault.Conflict when another has been taken, or the call is over; the leg is then ended.
func (c *Called) Take(leg *Leg) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended || c.events == nil:
		leg.Abort()
		return fault.New(fault.Conflict, "the call has ended")
	case c.leg != nil:
		leg.Abort()
		return fault.New(fault.Conflict, "the call was taken elsewhere")
	}
	c.leg = leg
	leg.Start(c.events)
	c.events.LegAnswered()
	return nil
}

// taken is the browser's leg, nil before there is one.
func (c *Called) taken() *Leg {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leg
}

// Performer is the browser's video, once one has taken the call.
func (c *Called) Performer() *stage.Performer {
	if leg := c.taken(); leg != nil {
		return leg.Performer()
	}
	return nil
}

// Hangup ends the leg.
func (c *Called) Hangup(cause signaling.Cause) {
	c.mu.Lock()
	leg, events, already := c.leg, c.events, c.ended
	c.ended = true
	c.mu.Unlock()
	switch {
	case leg != nil:
		leg.Hangup(cause)
	case events != nil && !already:
		events.LegEnded(cause, false)
	}
}

// Ring does nothing: it is we who call.
func (c *Called) Ring() {}

// Progress does nothing, as Ring.
func (c *Called) Progress() error { return nil }

// Answer does nothing, as Ring.
func (c *Called) Answer() error { return nil }

// Port is the browser's media.
func (c *Called) Port() *mixer.Port {
	if leg := c.taken(); leg != nil {
		return leg.Port()
	}
	return nil
}

// Hold is not for browsers.
func (c *Called) Hold(on bool) error { return (*Leg)(nil).Hold(on) }

// Info describes the leg.
func (c *Called) Info() signaling.LegInfo {
	if leg := c.taken(); leg != nil {
		info := leg.Info()
		info.Endpoint = c.endpoint
		return info
	}
	return signaling.LegInfo{Endpoint: c.endpoint, Party: signaling.CallerID{Name: c.User, Number: c.Request.Resource}}
}
