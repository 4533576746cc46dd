package voip

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

var _ ws.Calls = (*Service)(nil)

// SeesCall reports whether a principal may know of a call.
func (s *Service) SeesCall(p auth.Principal, id string) bool {
	_, err := s.Find(p, id)
	return err == nil
}

// Lasts reports whether a call is there that has not ended.
func (s *Service) Lasts(call string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[call]
	return c != nil && !c.isOver()
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

// Talkers are the users in a call that a principal is in, to whom they may send messages, or of the
// way into a room that room's id.
func (s *Service) Talkers(p auth.Principal, id string) (room string, users []string, err error) {
	unknown := fault.New(fault.NotFound, "no call %.64q", id)
	if _, err := uuid.Parse(id); err != nil {
		return "", nil, unknown
	}
	c, err := s.Find(p, id)
	if err != nil {
		return "", nil, unknown
	}
	if c.room != nil {
		return c.room.Settings().ID, nil, nil
	}
	users, err = c.talkers(p)
	return "", users, c.Stated(err)
}

// ShowCall is a call as a principal who may see it does.
func (s *Service) ShowCall(p auth.Principal, id string) (any, error) {
	c, err := s.Find(p, id)
	if err != nil {
		return nil, err
	}
	return c.Shown(p), nil
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
	c, err := s.Find(p, call)
	switch {
	case err != nil:
		return mailbox.MessageBody{}, rest.InField("call_id", unknown)
	case utf8.RuneCountInString(in.ToUser) > maxUserName:
		return mailbox.MessageBody{}, rest.InField("to_user", fault.New(fault.TooLarge, "more than %d characters", maxUserName))
	case !slices.Contains(mailbox.Types, in.MessageType):
		return mailbox.MessageBody{}, rest.InField("message_type", fault.New(fault.Invalid, "no message of type %.64q", in.MessageType))
	}
	msg, err := c.Send(ctx, p, SendMessage{ToUser: in.ToUser, MessageType: in.MessageType, Payload: in.Payload})
	return msg, c.Stated(err)
}

const maxUserName = 128 // as in SendMessage
