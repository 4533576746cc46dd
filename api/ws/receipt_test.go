package ws

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// A message that was queued for a client is not with it yet: if the session ends before it was
// written it waits for the next one. No session is told of it twice.
func TestWhatWasNotWrittenWaits(t *testing.T) {
	cfg := Default()
	cfg.Hub, cfg.Calls, cfg.Log, cfg.Presence = fanout.NewHub(), oneCall{}, slog.New(slog.DiscardHandler), presence.New(presence.Default())
	sc := store.Default()
	sc.Path = store.Memory
	db, err := store.Open(t.Context(), sc, cfg.Log)
	must(t, err)
	cfg.Chat = chat.New(chat.Config{Store: db.Messages, Hub: cfg.Hub, Now: time.Now, Log: cfg.Log})
	s := New(cfg)
	defer func() {
		s.Close()
		cfg.Chat.Close()
		must(t, db.Close())
	}()
	open := func() *connection {
		c := newSocketless(t, s)
		cfg.Hub.Join(fanout.SignalingOf("alice"), c.session)
		return c
	}
	// told is how many messages a connection is to write, and their receipts.
	told := func(c *connection) (receipts []string) {
		for {
			text, ok, err := c.current().Next(nil)
			must(t, err)
			if !ok {
				return receipts
			}
			var got struct{ Type, ID string }
			must(t, json.Unmarshal(text, &got))
			if got.Type == chat.FrameType {
				if got.ID != c.current().Receipt() {
					t.Errorf("%s has the receipt %q", text, c.current().Receipt())
				}
				receipts = append(receipts, got.ID)
			}
		}
	}
	bob := auth.Principal{User: "bob", Roles: []auth.Role{auth.RoleUser}}
	first := open()
	m, err := cfg.Chat.Send(t.Context(), bob, "alice", "hello")
	must(t, err)
	s.deliver(first.session) // which has it in its queue already
	if got := told(first); len(got) != 1 || got[0] != m.ID {
		t.Fatalf("%v instead of %s", got, m.ID)
	}
	s.sessions.End(first.session) // before it was written
	second := open()
	s.deliver(second.session)
	if got := told(second); len(got) != 1 || got[0] != m.ID {
		t.Fatalf("%v instead of %s", got, m.ID)
	}
	cfg.Chat.Hand("alice", m.ID)(true)
	third := open()
	s.deliver(third.session)
	if got := told(third); len(got) != 0 {
		t.Errorf("%v, which alice has had", got)
	}
}
