package voip

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var _ ws.Calls = (*Service)(nil)

// SeesCall reports whether a principal may know of a call.
func (s *Service) SeesCall(p auth.Principal, id string) bool {
	_, err := s.call(p, id)
	return err == nil
}

// SeesRoom reports whether a principal may know of a room.
func (s *Service) SeesRoom(p auth.Principal, id string) bool {
	_, err := s.rooms.Own(p, id)
	return err == nil
}

// Members are the users in a room that a principal may see.
func (s *Service) Members(p auth.Principal, id string) ([]string, error) {
	return s.rooms.Members(p, id)
}

// ShowCall is a call as a principal who may see it does.
func (s *Service) ShowCall(p auth.Principal, id string) (any, error) {
	c, err := s.call(p, id)
	if err != nil {
		return nil, err
	}
	return c.shown(p), nil
}

// Signal takes a signaling message as POST /calls/{id}/signaling does.
func (s *Service) Signal(ctx context.Context, p auth.Principal, call string, in ws.Signal) (mailbox.MessageBody, error) {
	unknown := fault.New(fault.NotFound, "no call %.64q", call)
	if !rest.MayAct(p) {
		return mailbox.MessageBody{}, fault.New(fault.Forbidden, "an auditor may only read")
	}
	if _, err := uuid.Parse(call); err != nil {
		return mailbox.MessageBody{}, rest.InField("call_id", unknown)
	}
	c, err := s.call(p, call)
	switch {
	case err != nil:
		return mailbox.MessageBody{}, rest.InField("call_id", unknown)
	case utf8.RuneCountInString(in.ToUser) > maxUserName:
		return mailbox.MessageBody{}, rest.InField("to_user", fault.New(fault.Invalid, "more than %d characters", maxUserName))
	case !slices.Contains(mailbox.Types, in.MessageType):
		return mailbox.MessageBody{}, rest.InField("message_type", fault.New(fault.Invalid, "no message of type %.64q", in.MessageType))
	}
	return c.send(ctx, p, SendMessage{ToUser: in.ToUser, MessageType: in.MessageType, Payload: in.Payload})
}

const maxUserName = 128 // as in SendMessage

// push tells a user's sessions of a message to them.
func (s *Service) push(m mailbox.MessageBody) {
	if mailbox.ToServer(m.ToUser) { // a user may have the server's name
		return
	}
	topic := fanout.SignalingOf(m.ToUser)
	if !s.cfg.Hub.Heard(topic) {
		return
	}
	f, err := fanout.NewFrame(ws.TypeSignaling, struct {
		CallID  string              `json:"call_id"`
		Message mailbox.MessageBody `json:"message"`
	}{m.CallID, m})
	if err != nil {
		s.log.Error("message not pushed", "call", m.CallID, "err", err)
		return
	}
	s.cfg.Hub.Publish(topic, f)
}
