package rooms

import (
	"slices"

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
	if w.Publishes || w.Watches {
		p.Offer = nil
	}
	if w.Watches {
		p.One = &stage.One{Participant: w.Whom}
	}
	return p
}
