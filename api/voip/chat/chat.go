// Package chat is messages of text between users, and to those in a room: kept in the database,
// told at once to whose client is there, and to the others when they come.
//
// It starts no goroutine.
package chat

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat/quota"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// FrameType is the type of the frame that brings a message.
const FrameType = "Message"

// roomPrefix stands before a room's id in To.
const roomPrefix = "room:"

// How many messages that waited are told at once to who comes; the others can be asked for.
const (
	toldAtOnce = 100
	toldBytes  = 256 << 10
)

// MessageToUser is a message as clients see it.
type MessageToUser struct {
	ID        string    `json:"id"`
	From      string    `json:"from"`
	To        string    `json:"to" doc:"A user, or room:ID"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
}

// Config is what a Service is made of.
type Config struct {
	Store *store.Messages
	Hub   *fanout.Hub
	// Members are the users in a room that a principal may see; it fails with fault.NotFound.
	Members func(p auth.Principal, room string) ([]string, error)
	// Connected reports whether a client of a user's is connected now.
	Connected func(user string) bool
	// Quota bounds what a user writes; the zero Rate is no bound. Services and admins have none.
	Quota quota.Rate
	Now   func() time.Time
	Log   *slog.Logger
}

// Service passes messages on.
type Service struct {
	cfg   Config
	quota *quota.Book
}

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg, quota.New(cfg.Quota, cfg.Now)} }

// overhead is what a message counts as, for the quota, beside its text.
const overhead = 256

// Send keeps a message and tells those it is for. It fails with fault.Invalid, fault.NotFound for
// a room that is not theirs, fault.TooLarge, and fault.TooMany when too much waits for the other
// (code mailbox_full), or the author has written too much (code messages_limit).
func (s *Service) Send(ctx context.Context, p auth.Principal, to, body string) (MessageToUser, error) {
	switch {
	case !rest.MayAct(p):
		return MessageToUser{}, fault.New(fault.Forbidden, "an auditor may only read")
	case strings.TrimSpace(body) == "":
		return MessageToUser{}, rest.InField("body.body", fault.New(fault.Invalid, "an empty message"))
	case len(body) > store.MaxMessageBody:
		return MessageToUser{}, rest.InField("body.body", fault.New(fault.TooLarge, "a message of %d bytes, at most %d", len(body), store.MaxMessageBody))
	}
	m := store.Message{ID: signaling.NewID(), From: p.User, Body: body, Created: s.cfg.Now()}
	recipients := []string{to}
	if room, ok := strings.CutPrefix(to, roomPrefix); ok {
		users, err := s.cfg.Members(p, room)
		if err != nil {
			return MessageToUser{}, rest.InField("body.to", err)
		}
		if len(users) > store.MaxMessageRecipients {
			return MessageToUser{}, rest.InField("body.to", fault.WithCode(fault.TooLarge, "room_too_large",
				"%d users are in the room, at most %d get one message", len(users), store.MaxMessageRecipients))
		}
		m.Room, recipients = room, users
	} else if err := auth.CheckUser(to); err != nil {
		return MessageToUser{}, rest.InField("body.to", fault.New(fault.Invalid, "to whom: %w", err))
	} else {
		m.To = to
	}
	if rest.Bounded(p) && !s.quota.Take(p.User, len(body)+overhead) {
		return MessageToUser{}, fault.WithCode(fault.TooMany, "messages_limit", "you have written more than may be kept of one user in a day")
	}
	var others []string
	if m.Room != "" {
		others = recipients
	}
	full, err := s.cfg.Store.Put(ctx, m, others...)
	if err != nil {
		return MessageToUser{}, err
	}
	out := shown(m)
	s.tell(ctx, out, recipients, full)
	return out, nil
}

// tell tells those who are there; they have it then. The message is kept whatever happens here:
// one that is not noted as told is told again.
func (s *Service) tell(ctx context.Context, m MessageToUser, recipients, full []string) {
	f, err := fanout.NewFrame(FrameType, m)
	if err != nil { // plain values always encode
		s.cfg.Log.Error("message not told", "message", m.ID, "err", err)
		return
	}
	left := make(map[string]bool, len(full))
	for _, user := range full {
		left[user] = true
	}
	for _, user := range recipients {
		if user == m.From || left[user] || !s.cfg.Connected(user) {
			continue
		}
		s.cfg.Hub.Publish(fanout.SignalingOf(user), f)
		if err := s.cfg.Store.Delivered(ctx, user, s.cfg.Now(), m.ID); err != nil {
			s.cfg.Log.Error("message not noted as told", "message", m.ID, "user", user, "err", err)
		}
	}
}

// Waiting gives messages that a user has not had, oldest first, and notes that they have them now.
// more tells that there are others.
func (s *Service) Waiting(ctx context.Context, user string) (list []MessageToUser, more bool, err error) {
	found, err := s.cfg.Store.Waiting(ctx, user, "", toldAtOnce+1)
	if err != nil {
		return nil, false, err
	}
	size := 0
	var ids []string
	for _, m := range found {
		if size += len(m.Body); len(list) == toldAtOnce || size > toldBytes {
			more = true
			break
		}
		list, ids = append(list, shown(m)), append(ids, m.ID)
	}
	if len(ids) == 0 {
		return nil, more, nil
	}
	return list, more, s.cfg.Store.Delivered(ctx, user, s.cfg.Now(), ids...)
}

func shown(m store.Message) MessageToUser {
	out := MessageToUser{ID: m.ID, From: m.From, To: m.To, Body: m.Body, CreatedAt: m.Created.UTC()}
	if m.Room != "" {
		out.To = roomPrefix + m.Room
	}
	return out
}
