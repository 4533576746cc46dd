package voip

import (
	"maps"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/auth"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/webrtc"
)

// maxEarlyCandidates bounds the candidates that may come before their offer.
const maxEarlyCandidates = 64

// party is one participant of a call; the call's lock guards it.
type party struct {
	id       string
	endpoint string
	user     string // of a browser; empty for a phone
	role     string
	state    ParticipantState
	muted    bool
	codec    string
	channel  *signaling.Channel
	leg      *webrtc.Leg // a browser's
	early    []rtc.Candidate
	place    *conference.Place // in a room
	roomRole conference.Role
}

func (c *call) add(pt *party) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parties = append(c.parties, pt)
}

// partyOf is a user's party, or nil. The lock is held.
func (c *call) partyOf(user string) *party {
	for _, pt := range c.parties {
		if pt.user == user && user != "" {
			return pt
		}
	}
	return nil
}

// count is the number of parties in a state. The lock is held.
func (c *call) count(s ParticipantState) int {
	n := 0
	for _, pt := range c.parties {
		if pt.state == s {
			n++
		}
	}
	return n
}

func (c *call) hasState(s ParticipantState) bool { return c.count(s) > 0 }

// users are the call's browsers. The lock is held.
func (c *call) users() []string {
	var out []string
	for _, pt := range c.parties {
		if pt.user != "" {
			out = append(out, pt.user)
		}
	}
	return out
}

func (c *call) visibleTo(p auth.Principal) bool {
	if p.SeesAll() || c.createdBy == p.User {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.partyOf(p.User) != nil
}

func (c *call) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status == StatusEnded
}

func (c *call) endedBefore(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status == StatusEnded && c.ended.Before(t)
}

// body is the call as clients see it. A creator who has not joined yet is not
// listed among the participants.
func (c *call) body() CallBody {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := CallBody{
		ID: c.id, CallType: c.kind, Status: c.status, Direction: "outbound", CreatedBy: c.createdBy,
		CreatedAt: c.created, AnsweredAt: optionalTime(c.answered), EndedAt: optionalTime(c.ended),
		Participants: []ParticipantBody{}, Metadata: maps.Clone(c.metadata), ICEServers: c.service.iceServers(),
	}
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
	for _, pt := range c.parties {
		if pt.role == "caller" && pt.channel == nil && c.room == nil {
			continue
		}
		p := ParticipantBody{
			ID: pt.id, Endpoint: pt.endpoint, UserID: optionalText(pt.user), Role: pt.role, State: pt.state,
			Muted: pt.muted, Codec: optionalText(pt.codec),
		}
		if pt.channel != nil {
			id := string(pt.channel.ID())
			p.ChannelID = &id
			if _, ok := b.Metadata["asterisk_channel_id"]; !ok {
				b.Metadata["asterisk_channel_id"] = id
			}
		}
		b.Participants = append(b.Participants, p)
	}
	return b
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (s *Service) iceServers() []ICEServerBody {
	if s.cfg.ICEServers == nil {
		return []ICEServerBody{}
	}
	return s.cfg.ICEServers
}
