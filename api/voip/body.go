package voip

import (
	"maps"

	"github.com/skygenesisenterprise/skybridge/api/voip/records"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc/stage"
)

// Shown is the call as one who may see it does. Who takes part in it is told how to reach
// us, with credentials that are fresh each time.
func (c *Call) Shown(p auth.Principal) CallBody {
	b := c.body()
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.Status != StatusEnded && c.takesPart(p.User) {
		b.ICEServers = c.service.iceServers(p.User)
	}
	return b
}

// body is the call as all clients see it. A creator who has not joined yet is not
// listed among the participants.
func (c *Call) body() CallBody {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := CallBody{
		ID: c.id, CallType: c.kind, Status: c.status, Direction: c.direction, CreatedBy: c.createdBy,
		CreatedAt: c.created, AnsweredAt: rest.OptionalTime(c.answered), EndedAt: rest.OptionalTime(c.ended),
		Participants: []ParticipantBody{}, Metadata: maps.Clone(c.metadata), ICEServers: []ICEServerBody{},
	}
	b.Recordings = c.service.recordings.Of(c.id)
	if c.status == StatusEnded {
		b.Cause, b.CauseText, b.SIPStatus = int(c.cause), c.cause.Text(), c.sipStatus
	}
	switch {
	case c.bridge != nil:
		b.BridgeID = string(c.bridge.ID())
	case c.room != nil:
		b.BridgeID = string(c.room.Bridge().ID())
		b.RoomID = c.room.Settings().ID
	}
	if c.first != "" {
		b.Metadata["asterisk_channel_id"] = string(c.first)
	}
	for _, pt := range c.parties {
		if pt.role == roleCaller && pt.channel == nil && !pt.direct && c.room == nil {
			continue
		}
		b.Participants = append(b.Participants, pt.body())
	}
	return b
}

// body is the party as clients see it; what its channel knows is of this moment.
func (pt *party) body() ParticipantBody {
	b := ParticipantBody{
		ID: pt.id, Endpoint: pt.endpoint, UserID: rest.OptionalText(pt.user), Role: pt.role, State: pt.state, Held: pt.held,
	}
	if pt.away && pt.state == StateConnected {
		b.State = StateReconnecting
	}
	if pt.channel != nil {
		s := pt.channel.Snapshot()
		b.ChannelID = rest.OptionalText(string(s.ID))
		b.Muted, b.Codec, b.Held = s.MutedIn, rest.OptionalText(s.Codec), pt.held || s.Held
		if !s.Ended {
			b.Camera, b.Screen = stage.Shows(pt.channel)
		}
	}
	return b
}

// record writes the record of an ended call.
func (c *Call) record() {
	body := c.body()
	c.mu.Lock()
	users := c.owners()
	c.mu.Unlock()
	if err := records.Write(c.service.cfg.Records, body, users); err != nil {
		c.service.log.Error("call record not written", "call", c.id, "err", err)
	}
}

func (s *Service) iceServers(user string) []ICEServerBody {
	if s.cfg.ICEServers == nil {
		return []ICEServerBody{}
	}
	return s.cfg.ICEServers(user)
}
