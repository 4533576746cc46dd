package ws

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// oneCall is the only call and room that there is.
type oneCall struct{}

func (oneCall) SeesCall(_ auth.Principal, id string) bool { return id == "1" }
func (oneCall) SeesRoom(_ auth.Principal, id string) bool { return id == "1" }
func (oneCall) ShowCall(_ auth.Principal, id string) (any, error) {
	return map[string]string{"id": id}, nil
}

func (oneCall) Signal(context.Context, auth.Principal, string, Signal) (mailbox.MessageBody, error) {
	return mailbox.MessageBody{Payload: []byte("null")}, nil
}

func (oneCall) Arrange(_ auth.Principal, _ string, in layout.Body) error {
	_, err := in.Layout()
	return err
}

// FuzzFrame gives the server frames of a client's: each is answered by whole frames, numbered
// without a hole, and an error never sends back what only the log may know.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"type":"Subscribe","channel":"presence:user123"}`, `{"type":"Subscribe","id":7,"channel":"call:1"}`, `{"type":"Unsubscribe","channel":"signaling"}`,
		`{"type":"Resume","session":"x","after":18446744073709551615}`, `{"type":"Auth","token":"good"}`, `{"type":"PresenceUpdate","status":"away"}`, `{"type":"Auth","token":"bad"}`,
		`{"type":"Subscribe","id":"\ud800","channel":"room:1"}`, `{"type":"Subscribe","id":-1e9,"channel":"calls"}`, `{"type":"Message","to":"bob","body":"x"}`, `{"type":"Message","to":"room:1","body":"x"}`, `[[[[`, `{"type":"Signaling","call_id":"1","message_type":"offer","payload":{"sdp":"v=0"}}`, "\x00", `{"type":"Subscribe","id":01}`,
		`{"type":"Layout","id":1,"call_id":"1","layout":{"mode":"grid","pinned":["a"],"sizes":[{"participant":"a","kind":"camera","lines":90}]}}`,
	} {
		f.Add([]byte(seed))
	}
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(context.Background(), sc, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := db.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := Default()
		cfg.Hub, cfg.Calls, cfg.Log, cfg.Presence = fanout.NewHub(), oneCall{}, slog.New(slog.DiscardHandler), presence.New(presence.Default())
		cfg.Chat = chat.New(chat.Config{
			Store: db.Messages, Hub: cfg.Hub, Now: time.Now, Log: cfg.Log,
			Members: func(auth.Principal, string) ([]string, error) { return []string{"bob"}, nil },
			Talkers: func(auth.Principal, string) (string, []string, error) { return "", []string{"carol"}, nil },
		})
		defer cfg.Chat.Close()
		cfg.Token = func(token string) (auth.Principal, error) {
			if token != "good" {
				return auth.Principal{}, fault.New(fault.Unauthorized, "no: %w", errors.New(token))
			}
			return auth.Principal{User: "alice", Expires: time.Now().Add(time.Hour)}, nil
		}
		s := New(cfg)
		defer s.Close()
		c := newSocketless(t, s)
		for range 2 {
			s.answer(c, data)
		}
		var seq uint64
		for {
			text, ok, err := c.current().Next(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			var got struct {
				Type      string
				Seq       uint64
				Timestamp time.Time
				Code      string
			}
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if seq++; got.Seq != seq || got.Type == "" || got.Timestamp.IsZero() || (got.Type == frame.TypeError) != (got.Code != "") {
				t.Fatalf("frame %d: %s", seq, text)
			}
		}
		if seq < 2 {
			t.Fatalf("%d answers", seq)
		}
	})
}

// newSocketless is a connection of alice's that nothing is read from.
func newSocketless(t *testing.T, s *Server) *connection {
	t.Helper()
	session, feed, err := s.sessions.Open(auth.Principal{User: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	return &connection{server: s, session: session, feed: feed, renewed: make(chan struct{}, 1), done: make(chan struct{})}
}
