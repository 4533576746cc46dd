package rooms

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// Way is how somebody is in a room who takes no offers of the server's: by WHIP or WHEP.
type Way struct {
	Publishes, Watches bool
	// Whom they watch, a participant; whoever speaks when empty.
	Whom string
}

// isSession reports whether somebody is in the room by a session of HTTP's.
func (w Way) isSession() bool { return w.Publishes || w.Watches }

// MayNegotiate fails with fault.Conflict (code session_negotiates) for a message that would change,
// beside the session by which somebody is there, what that has settled: that who watches says nothing.
func (w Way) MayNegotiate(kind string) error {
	if w.isSession() && slices.Contains([]string{mailbox.Offer, mailbox.Answer, mailbox.Candidate}, kind) {
		return fault.WithCode(fault.Conflict, "session_negotiates", "you are in this call by WHIP or WHEP, whose session takes what is negotiated")
	}
	return nil
}

// MayMute fails with fault.Conflict where somebody who watches is to be heard.
func (w Way) MayMute(on bool) error {
	if w.Watches && !on {
		return fault.New(fault.Conflict, "a viewer is not heard")
	}
	return nil
}

// Role is what who comes so is in a room, unless they say otherwise. It fails with
// fault.NotFound for one who watches somebody who is not there.
func (w Way) Role(room *conference.Room) (conference.Role, error) {
	if !w.Watches {
		return conference.RoleParticipant, nil
	}
	if w.Whom != "" && !slices.ContainsFunc(room.Everybody(), func(m conference.Participant) bool { return m.ID == w.Whom }) {
		return "", rest.InField("query.participant", fault.New(fault.NotFound, "no participant %q", w.Whom))
	}
	return conference.RoleViewer, nil
}

// On has a browser be shown what comes so, and be made no offers.
func (w Way) On(p stage.Part) stage.Part {
	if w.isSession() {
		p.Offer = nil
	}
	if w.Watches {
		p.One = &stage.One{Participant: w.Whom}
	}
	return p
}
