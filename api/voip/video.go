package voip

import (
	"encoding/json"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// seen is how a party's browser is seen, and how it is told of what others show: by an offer of
// the server's, pushed and polled as all its messages are.
func (c *Call) seen(pt *party, user, server string) stage.Part {
	return stage.Part{
		Participant: pt.id, MayShare: func() bool { return c.mayShare(pt) }, Changed: c.touch,
		Offer: func(offer string) error {
			payload, err := json.Marshal(mailbox.Description{Type: mailbox.Offer, SDP: offer})
			if err == nil {
				_, err = c.messages.Tell(server, user, mailbox.Offer, payload)
			}
			return err
		},
	}
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
