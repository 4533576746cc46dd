// Package chat is messages of text between users, and to those in a room or call: kept in the
// database, told at once to whose client is there, and to the others when they come. In a call they
// go by the browser's data channel where it has one, else by the WebSocket.
//
// Goroutines: one, which notes what users have had; Close ends it. Those of data channels are their
// connections'.
package chat

import (
	"context"
	"log/slog"
	"strings"
	"sync"
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

// What stands before an id in To. Messages to a call are kept as those to a room of that name.
const (
	roomPrefix = "room:"
	callPrefix = "call:"
)

// How many messages that waited are told at once to who comes; the others can be asked for.
const (
	toldAtOnce = 100
	toldBytes  = 256 << 10
)

// MessageToUser is a message as clients see it.
type MessageToUser struct {
	ID        string    `json:"id"`
	From      string    `json:"from"`
	To        string    `json:"to" doc:"A user, room:ID or call:ID"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"created_at"`
}

// Config is what a Service is made of.
type Config struct {
	Store *store.Messages
	Hub   *fanout.Hub
	// Members are the users in a room to whom a principal may send messages; it fails with
	// fault.NotFound for one that is not theirs to see, fault.Conflict for who waits outside.
	Members func(p auth.Principal, room string) ([]string, error)
	// Talkers are the users in a call to whom a principal may send messages, or, of the way into a
	// room, that room's id. It fails as Members does.
	Talkers func(p auth.Principal, call string) (room string, users []string, err error)
	// Quota bounds what a user writes; the zero Rate is no bound. Services and admins have none.
	Quota quota.Rate
	Now   func() time.Time
	Log   *slog.Logger
}

// Service passes messages on.
type Service struct {
	cfg      Config
	quota    *quota.Book
	receipts *receipts

	mu       sync.Mutex
	channels map[string]map[*channel]struct{} // by user
	changes  map[string]uint64                // of a user, or of their keys
}

// New makes the service.
func New(cfg Config) *Service {
	s := &Service{
		cfg: cfg, quota: quota.New(cfg.Quota, cfg.Now), channels: make(map[string]map[*channel]struct{}), changes: make(map[string]uint64),
	}
	s.receipts = newReceipts(cfg, s.again)
	return s
}

// Close notes what users have had by now. What they have from then on is told again.
func (s *Service) Close() { s.receipts.queue.Close() }

// overhead is what a message counts as, for the quota, beside its text.
const overhead = 256

// Send keeps a message and tells those it is for. It fails with fault.Invalid, fault.NotFound for
// a room that is not theirs, fault.TooLarge, and fault.TooMany where the author has written too much
// (code messages_limit).
func (s *Service) Send(ctx context.Context, p auth.Principal, to, body string) (MessageToUser, error) {
	switch {
	case !rest.MayAct(p):
		return MessageToUser{}, fault.New(fault.Forbidden, "an auditor may only read")
	case strings.TrimSpace(body) == "":
		return MessageToUser{}, rest.InField("body.body", fault.New(fault.Invalid, "an empty message"))
	case len(body) > store.MaxMessageBody:
		return MessageToUser{}, rest.InField("body.body", fault.New(fault.TooLarge, "a message of %d bytes, at most %d", len(body), store.MaxMessageBody))
	}
	if err := rest.Text("body.body", body); err != nil {
		return MessageToUser{}, err
	}
	m := store.Message{ID: signaling.NewID(), From: p.User, Body: body, Created: s.cfg.Now()}
	recipients, err := s.address(p, to, &m)
	if err != nil {
		return MessageToUser{}, rest.InField("body.to", err)
	}
	if len(recipients) > store.MaxMessageRecipients {
		return MessageToUser{}, rest.InField("body.to", fault.WithCode(fault.TooLarge, "room_too_large",
			"%d users are in the room, at most %d get one message", len(recipients), store.MaxMessageRecipients))
	}
	if rest.Bounded(p) && !s.quota.Take(p.User, len(body)+overhead) {
		return MessageToUser{}, fault.WithCode(fault.TooMany, "messages_limit", "you have written more than may be kept of one user in a day")
	}
	var others []string
	if m.Room != "" {
		others = recipients
	}
	if err := s.cfg.Store.Put(ctx, m, others...); err != nil {
		return MessageToUser{}, err
	}
	out := shown(m)
	s.tell(out, recipients)
	return out, nil
}

// address says to whom a message goes, and who gets it.
func (s *Service) address(p auth.Principal, to string, m *store.Message) (recipients []string, err error) {
	room, isRoom := strings.CutPrefix(to, roomPrefix)
	if call, ok := strings.CutPrefix(to, callPrefix); ok {
		var users []string
		if room, users, err = s.cfg.Talkers(p, call); err != nil || room == "" {
			m.Room = to
			return users, err
		}
		isRoom = true
	}
	if isRoom {
		m.Room = room
		return s.cfg.Members(p, room)
	}
	if err := auth.CheckUser(to); err != nil {
		return nil, fault.New(fault.Invalid, "to whom: %w", err)
	}
	m.To = to
	return []string{to}, nil
}

// tell tells those who are there. That they have it is noted once it is with them: their client has
// answered what was written to their WebSocket behind it, or their data channel has acknowledged it.
// The message is kept whatever happens here.
func (s *Service) tell(m MessageToUser, recipients []string) {
	f, err := frameOf(m)
	if err != nil { // plain values always encode
		s.cfg.Log.Error("message not told", "message", m.ID, "err", err)
		return
	}
	for _, user := range recipients {
		if user == m.From {
			continue
		}
		socket := func() { s.cfg.Hub.Publish(fanout.SignalingOf(user), f) }
		if !s.byChannels(user, m, f, socket) {
			socket()
		}
	}
}

// frameOf is the frame that brings a message.
func frameOf(m MessageToUser) (fanout.Frame, error) {
	f, err := fanout.NewFrame(FrameType, m)
	f.Receipt = m.ID
	return f, err
}

// again tells a user's WebSockets of a message that was on its way, and did not arrive, when one of
// them came and was to be told what waits.
func (s *Service) again(user string, m MessageToUser) {
	f, err := frameOf(m)
	if err != nil { // plain values always encode
		s.cfg.Log.Error("message not told", "message", m.ID, "err", err)
		return
	}
	s.cfg.Hub.Publish(fanout.SignalingOf(user), f)
}

// Hand notes that a message that Receipt names is being written to a user's WebSocket; done says
// whether it is with the user's client.
func (s *Service) Hand(user, id string) (done func(had bool)) { return s.receipts.hand(user, id) }

// Waiting gives messages that a user has not had, oldest first; each is to be handed over. more
// tells that there are others. What is on its way to the user is left out: should it not arrive, it
// is told once more to the WebSockets that are there then.
func (s *Service) Waiting(ctx context.Context, user string) (list []MessageToUser, more bool, err error) {
	found, err := s.cfg.Store.Waiting(ctx, user, "", toldAtOnce+1)
	if err != nil {
		return nil, false, err
	}
	size := 0
	for _, stored := range found {
		m := shown(stored)
		if s.receipts.underway(user, m.ID, &m) {
			continue
		}
		if size += len(m.Body); len(list) == toldAtOnce || size > toldBytes {
			return list, true, nil
		}
		list = append(list, m)
	}
	return list, len(found) > toldAtOnce, nil
}

func shown(m store.Message) MessageToUser {
	out := MessageToUser{ID: m.ID, From: m.From, To: m.To, Body: m.Body, CreatedAt: m.Created.UTC()}
	switch {
	case strings.HasPrefix(m.Room, callPrefix):
		out.To = m.Room
	case m.Room != "":
		out.To = roomPrefix + m.Room
	}
	return out
}
