package voip

import (
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/endpoints"
	"github.com/skygenesisenterprise/skybridge/api/voip/trickle"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
)

// part is whose a browser's leg is: a transfer takes it into another call.
type part struct {
	mu   sync.Mutex
	c    *Call
	pt   *party
	line *chat.Line // for good, from when there is to be a leg

	candidates trickle.Order
}

func (o *part) is(c *Call, pt *party) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.c, o.pt = c, pt
	if data := c.service.cfg.Data; o.line == nil && data != nil {
		o.line = data(o.place)
	}
}

func (o *part) of() (*Call, *party) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.c, o.pt
}

// candidate passes one of our candidates on to the browser.
func (o *part) candidate(user, server string, cand rtc.Candidate) {
	o.candidates.Tell(func() {
		c, _ := o.of()
		c.tellCandidate(user, server, cand)
	})
}

// away shows that the party's browser is away for now, or back.
func (o *part) away(on bool) {
	c, pt := o.of()
	c.mu.Lock()
	pt.away = on
	c.touch()
	c.mu.Unlock()
	c.log.Info("browser away", "endpoint", pt.endpoint, "away", on)
	if c.room != nil {
		c.room.SetAway(pt.id, on)
	}
}

// place is where the browser is, as messages are addressed, and whether it is inside.
func (o *part) place() (to string, in bool) {
	c, pt := o.of()
	if c.room != nil {
		in = slices.ContainsFunc(c.room.Participants(), func(m conference.Participant) bool { return m.ID == pt.id })
		return fanout.RoomOf(c.room.Settings().ID), in
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return fanout.CallOf(c.id), c.open() == nil && pt.state == StateConnected
}

// talkers are the users who are in the call, of whom a principal is to be one.
func (c *Call) talkers(p auth.Principal) (users []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.open(); err != nil {
		return nil, err
	}
	if pt := c.partyFor(p); pt == nil || pt.state != StateConnected {
		return nil, fault.New(fault.Conflict, "you are not in this call")
	}
	for _, pt := range c.parties {
		user := pt.user
		if number, ok := endpoints.PhoneNumber(pt.endpoint); ok && user == "" {
			if owner, known := c.service.Reach(number); known && owner != number {
				user = owner
			}
		}
		if pt.state == StateConnected && user != "" && !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	return users, nil
}
