package ws

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// presenceFrame tells how a user is.
type presenceFrame struct {
	UserID        string          `json:"user_id"`
	Status        presence.Status `json:"status"`
	StatusMessage string          `json:"status_message"`
	OnCall        bool            `json:"on_call"`
	Phone         bool            `json:"phone_registered"`
	InReplyTo     replyTo         `json:"in_reply_to,omitempty"`
}

func presenceOf(s presence.State, id replyTo) presenceFrame {
	return presenceFrame{s.User, s.Status, s.Message, s.OnCall, s.Phone, id}
}

// PresenceChanged gives what a presence.Registry is to tell its changes to.
func PresenceChanged(hub *fanout.Hub) func(presence.State) {
	return func(s presence.State) {
		topic := fanout.PresenceOf(s.User)
		if !hub.Heard(topic) {
			return
		}
		if f, err := fanout.NewFrame(typePresence, presenceOf(s, nil)); err == nil { // plain values always encode
			hub.Publish(topic, f)
		}
	}
}

// setPresence is what a user says of themselves.
func (s *Server) setPresence(from *session.Session, in *clientFrame) error {
	user := from.Principal().User
	if in.UserID != "" && in.UserID != user {
		return inField("user_id", fault.New(fault.Forbidden, "a user says only how they are themselves"))
	}
	state, err := s.cfg.Presence.Set(user, presence.Status(in.Status), in.StatusMessage)
	if err != nil {
		return inField("status", err)
	}
	s.tell(from, typePresenceUpdate, presenceOf(state, in.ID))
	return nil
}

// Asks notes that a user has asked the API for something: one who only polls can be rung too.
func (s *Server) Asks(p auth.Principal) { s.cfg.Presence.Asks(p.User, p.Extension, time.Now()) }
