package voip

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
	"github.com/skygenesisenterprise/skybridge/signaling/video"
)

// asked is how much video a call of a type asks those for who come without an offer of their own.
var asked = map[string]int{"video": 1, "screen": 1}

// seen is how a party's browser is seen, and how it is told of what others show: by an offer of
// the server's, pushed and polled as all its messages are. In a call of type screen what is sent
// first is a screen, unless the browser says otherwise.
func (c *Call) seen(pt *party, user, server string) stage.Part {
	first := video.Camera
	if c.kind == "screen" {
		first = video.Screen
	}
	return pt.way.On(stage.Part{
		Ask: asked[c.kind], First: first,
		Participant: pt.id, MayShare: func() bool { return c.mayShare(pt) }, Changed: c.touch,
		Withdrawn: func() { c.messages.Withdraw(user) },
		Offer: func(offer string) error {
			payload, err := json.Marshal(mailbox.Description{Type: mailbox.Offer, SDP: offer})
			if err == nil {
				_, err = c.messages.Tell(server, user, mailbox.Offer, payload)
			}
			return err
		},
	})
}

// Arrange takes how a client of a party's shows the video of the others.
func (c *Call) Arrange(p auth.Principal, body layout.Body) error {
	l, err := body.Layout()
	if err != nil {
		return err
	}
	c.mu.Lock()
	pt, err := c.present(p)
	var leg *webrtc.Leg
	if err == nil {
		leg = pt.leg
	}
	state := string(c.status)
	c.mu.Unlock()
	if err == nil && leg == nil {
		err = fault.New(fault.Conflict, "you are not in this call by a browser")
	}
	if err == nil {
		err = leg.Performer().Arrange(l)
	}
	return rest.InState(state, err)
}

// Arrange takes a layout for a call, as POST /calls/{id}/layout does.
func (s *Service) Arrange(p auth.Principal, call string, body layout.Body) error {
	unknown := rest.InField("call_id", fault.New(fault.NotFound, "no call %.64q", call))
	if !rest.MayAct(p) {
		return fault.New(fault.Forbidden, "an auditor may only read")
	}
	if _, err := uuid.Parse(call); err != nil {
		return unknown
	}
	c, err := s.Find(p, call)
	if err != nil {
		return unknown
	}
	return c.Arrange(p, body)
}

// mayShare tells whether a party may share a screen: in a room that does not allow it, only
// moderators may.
func (c *Call) mayShare(pt *party) bool {
	if c.room == nil || !c.room.Settings().NoScreens {
		return true
	}
	c.mu.Lock()
	place := pt.place
	c.mu.Unlock()
	return place != nil && place.Role() == conference.RoleModerator
}
