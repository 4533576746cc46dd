package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newService is a service with a database of its own. Everybody is in room 1, alice and bob are in
// call 1.
func newService(t testing.TB) *Service {
	t.Helper()
	sc := store.Default()
	sc.Path = store.Memory
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(context.Background(), sc, log)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{
		Store: db.Messages, Hub: fanout.NewHub(), Now: time.Now, Log: log,
		Members: func(_ auth.Principal, room string) ([]string, error) {
			if room != "1" {
				return nil, fault.New(fault.NotFound, "no room")
			}
			return []string{"alice", "bob", "carol"}, nil
		},
		Talkers: func(_ auth.Principal, call string) (string, []string, error) {
			if call != "1" {
				return "", nil, fault.New(fault.NotFound, "no call")
			}
			return "", []string{"alice", "bob"}, nil
		},
	})
	t.Cleanup(func() {
		s.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *Service) waits(t testing.TB, user string) (ids []string) {
	t.Helper()
	list, more, err := s.Waiting(t.Context(), user)
	if err != nil || more {
		t.Fatal(more, err)
	}
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

// listener is somebody to whom messages are published.
type listener struct{ got []string }

func (l *listener) Deliver(_ string, f fanout.Frame) { l.got = append(l.got, f.Receipt) }

// A message waits until it is with its recipient: not while it is on its way, again where that
// failed, and no more once one way of several has brought it.
func TestReceipts(t *testing.T) {
	s := newService(t)
	send := func() string {
		t.Helper()
		m, err := s.Send(t.Context(), auth.Principal{User: "alice", Roles: []auth.Role{auth.RoleUser}}, "bob", "hello")
		if err != nil {
			t.Fatal(err)
		}
		return m.ID
	}
	id := send()
	if got := s.waits(t, "bob"); len(got) != 1 || got[0] != id {
		t.Fatalf("%v waits, which nobody was handed", got)
	}
	one, other := s.Hand("bob", id), s.Hand("bob", id)
	if got := s.waits(t, "bob"); len(got) != 0 {
		t.Errorf("%v waits while it is under way", got)
	}
	heard := &listener{}
	s.cfg.Hub.Join(fanout.SignalingOf("bob"), heard)
	one(false)
	if got := s.waits(t, "bob"); len(got) != 0 {
		t.Errorf("%v waits while it is under way once more", got)
	}
	if got := heard.got; len(got) != 0 {
		t.Errorf("%v is told although it may arrive", got)
	}
	other(false) // nobody else tells who came meanwhile
	if got := heard.got; len(got) != 1 || got[0] != id {
		t.Errorf("%v is told again, want %s", got, id)
	}
	if got := s.waits(t, "bob"); len(got) != 1 {
		t.Errorf("%v waits after it was lost", got)
	}
	one, other = s.Hand("bob", id), s.Hand("bob", id)
	one(true)
	if got := s.waits(t, "bob"); len(got) != 0 {
		t.Errorf("%v waits although bob has it", got)
	}
	other(false)
	if len(heard.got) != 1 {
		t.Errorf("%v is told", heard.got)
	}
	s.cfg.Hub.LeaveAll(heard)
	second := send()
	s.Hand("bob", second)(true)
	s.Close() // what they have had by now is noted
	if got := s.waits(t, "bob"); len(got) != 0 || len(s.receipts.open) != 0 {
		t.Errorf("%v waits, %d are under way", got, len(s.receipts.open))
	}
	list, err := s.cfg.Store.Waiting(t.Context(), "bob", "", 10)
	if err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// What waits beyond what is told at once is said to be there.
func TestMoreWaits(t *testing.T) {
	s := newService(t)
	for n := range toldAtOnce + 1 {
		if _, err := s.Send(t.Context(), auth.Principal{User: []string{"alice", "carol"}[n%2], Roles: []auth.Role{auth.RoleUser}}, "bob", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	list, more, err := s.Waiting(t.Context(), "bob")
	if err != nil || !more || len(list) != toldAtOnce {
		t.Errorf("%d, %v, %v", len(list), more, err)
	}
	done := s.Hand("bob", list[0].ID)
	defer done(false)
	if list, more, err = s.Waiting(t.Context(), "bob"); err != nil || !more || len(list) != toldAtOnce {
		t.Errorf("%d, %v, %v", len(list), more, err)
	}
}

// FuzzFrame takes frames by a data channel: each is a message to where the browser is, or answered
// by an error whose code says which.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{
		`{"type":"Message","body":"x"}`, `{"type":"Message","id":7,"to":"call:1","body":"x"}`, `{"type":"Message","to":"call:2","body":"x"}`,
		`{"type":"Message","id":{},"body":"x"}`, `{"type":"Message","body":[]}`, `{"type":"Auth","token":"x"}`, `[[[[`, "\xff", `{}`, `null`, ``,
		`{"type":"Message","to":"bob","body":"\u0000\ud800"}`, `{"type":"Message","type":5,"body":" "}`,
	} {
		f.Add([]byte(seed), true, true)
	}
	f.Add([]byte(`{"type":"Message","body":"x"}`), false, true)
	f.Add([]byte(`{"type":"Message","body":"x"}`), true, false)
	s := newService(f)
	var reader, inside atomic.Bool
	line := s.Line(func() (string, bool) { return "call:1", inside.Load() })
	f.Fuzz(func(t *testing.T, text []byte, isText, in bool) {
		inside.Store(in)
		role := auth.RoleUser
		if reader.Swap(!reader.Load()) {
			role = auth.RoleAuditor
		}
		var read clientFrame
		m, err := line.take(t.Context(), auth.Principal{User: "alice", Roles: []auth.Role{role}}, text, isText, &read)
		if err == nil {
			if m.To != "call:1" || m.From != "alice" || !in || !isText || m.Body != read.Body || role != auth.RoleUser {
				t.Fatalf("%q: %+v", text, m)
			}
			return
		}
		e := frame.ErrorOf(s.cfg.Log, err, read.ID)
		if _, err := json.Marshal(e); err != nil || e.Code == "" || e.TraceID != "" {
			t.Fatalf("%q: %+v, %v", text, e, err)
		}
	})
}
