package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var alice = auth.Principal{User: "alice"}

type frame struct {
	Type      string
	Seq       uint64
	Timestamp time.Time
	N         int
}

// next reads a feed's next frame.
func next(t interface{ Fatalf(string, ...any) }, f *session.Feed) (frame, bool, error) {
	text, ok, err := f.Next(nil)
	var got frame
	if ok {
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Type == "" || got.Timestamp.IsZero() {
			t.Fatalf("incomplete: %s", text)
		}
	}
	return got, ok, err
}

func numbered(n int) fanout.Frame {
	f, err := fanout.NewFrame("N", map[string]any{"n": n})
	if err != nil {
		panic(err)
	}
	return f
}

func small() session.Config {
	c := session.Default()
	c.Frames, c.Behind, c.PerUser, c.Total = 12, 6, 3, 4
	return c
}

// Whatever is told, read, broken off and resumed in whatever order: a client that goes on after
// the last frame that it knows gets every frame once and in order, or is told of a gap, which
// there is only where more was told than is kept.
func TestNothingIsLostUnsaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := small()
		cfg.Bytes = rapid.IntRange(1, 2000).Draw(t, "bytes")
		cfg.BehindBytes = cfg.Bytes
		st := session.NewStore(cfg)
		defer st.Close()
		s, feed, err := st.Open(alice)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		told, known := 0, 0 // the newest frame told, the newest that the client knows
		kept := func() (n int) {
			for size := 0; n < min(told, cfg.Frames); n++ {
				if size += numbered(told - n).Bytes(); n > 0 && size > cfg.Bytes {
					break
				}
			}
			return n
		}
		resume := func() {
			r, ok := st.Resume(s.ID, alice, nil, uint64(known))
			if !ok || r.Session != s {
				t.Fatalf("no session to resume after %d of %d", known, told)
			}
			if missed := told - known; r.Gap != (missed > kept()) {
				t.Fatalf("gap %v with %d frames missed, %d kept", r.Gap, missed, kept())
			}
			if r.Gap {
				known = told
			}
			if int(r.Missed) != told-known {
				t.Fatalf("%d missed, not %d", r.Missed, told-known)
			}
			feed = r.Feed
		}
		t.Repeat(map[string]func(*rapid.T){
			"tell": func(t *rapid.T) {
				told++
				s.Tell(numbered(told))
			},
			"read": func(t *rapid.T) {
				got, ok, err := next(t, feed)
				switch {
				case errors.Is(err, session.ErrBehind):
					resume()
				case err != nil:
					t.Fatalf("read: %v", err)
				case !ok && known != told:
					t.Fatalf("nothing to read after %d of %d", known, told)
				case ok:
					known++
					if int(got.Seq) != known || got.N != known {
						t.Fatalf("frame %+v instead of %d", got, known)
					}
				}
			},
			"break off": func(*rapid.T) { feed.Close(); resume() },
			"take over": func(t *rapid.T) {
				before := feed
				resume()
				if _, _, err := before.Next(nil); err == nil {
					t.Fatalf("the connection before goes on")
				}
			},
		})
	})
}

// A reader that does not read is let go of, whoever tells it something never waits, and it
// finds what it missed.
func TestWhoIsBehindIsLetGo(t *testing.T) {
	st := session.NewStore(small())
	defer st.Close()
	s, feed, err := st.Open(alice)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		s.Tell(numbered(i + 1))
	}
	if _, _, err := next(t, feed); !errors.Is(err, session.ErrBehind) {
		t.Fatalf("%v instead of being behind", err)
	}
	r, ok := st.Resume(s.ID, alice, nil, 0)
	if !ok || r.Gap || r.Missed != 7 {
		t.Fatalf("%+v, %v", r, ok)
	}
	for i := range 6 { // what it missed does not count
		s.Tell(numbered(i + 8))
	}
	for i := range 13 {
		if got, ok, err := next(t, r.Feed); err != nil || !ok || got.N != i+1 {
			t.Fatalf("%+v %v %v instead of %d", got, ok, err, i+1)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := small()
		var over atomic.Int32
		cfg.Ended = func(*session.Session) { over.Add(1) }
		st := session.NewStore(cfg)
		s, feed, err := st.Open(alice)
		if err != nil {
			t.Fatal(err)
		}
		feed.Close()
		time.Sleep(cfg.Keep - time.Second)
		if _, ok := st.Resume(s.ID, auth.Principal{User: "bob"}, nil, 0); ok {
			t.Error("bob has alice's session")
		}
		if _, ok := st.Resume(s.ID, alice, nil, 1); ok {
			t.Error("resumed after a frame that was never told")
		}
		r, ok := st.Resume(s.ID, alice, nil, 0)
		if !ok {
			t.Fatal("gone too early")
		}
		time.Sleep(2 * cfg.Keep)
		s.Tell(numbered(1))
		if _, ok, err := r.Feed.Next(nil); !ok || err != nil {
			t.Fatalf("with a connection: %v %v", ok, err)
		}
		r.Feed.Close()
		time.Sleep(cfg.Keep + time.Second)
		if _, ok := st.Resume(s.ID, alice, nil, 1); ok || st.Len() != 0 || over.Load() != 1 {
			t.Errorf("not ended: %v, %d sessions, told %d", ok, st.Len(), over.Load())
		}
		st.Close()
	})
}

// Who lost the network as often as sessions are allowed is not locked out by what waits.
func TestABrokenSessionYields(t *testing.T) {
	st := session.NewStore(small())
	defer st.Close()
	var feeds []*session.Feed
	for range 3 {
		_, feed, err := st.Open(alice)
		if err != nil {
			t.Fatal(err)
		}
		feeds = append(feeds, feed)
	}
	feeds[1].Close()
	if _, _, err := st.Open(alice); err != nil || !feeds[1].Session().Over() || st.Len() != 3 {
		t.Errorf("%v, %d sessions", err, st.Len())
	}
	if _, _, err := st.Open(alice); fault.Of(err) != fault.TooMany || feeds[0].Session().Over() {
		t.Errorf("one with a connection has made room: %v", err)
	}
}

// What is known of users, and whom they may still be.
func TestSessionsAreAuthenticatedAgain(t *testing.T) {
	var ended atomic.Int32
	cfg := small()
	cfg.Ended = func(*session.Session) { ended.Add(1) }
	st := session.NewStore(cfg)
	defer st.Close()
	var answer auth.Principal
	var refused error
	check := func(context.Context) (auth.Principal, error) { return answer, refused }
	open := func() (*session.Session, *session.Feed) {
		t.Helper()
		s, feed, err := st.Open(alice)
		if err != nil {
			t.Fatal(err)
		}
		s.Vouch(check)
		return s, feed
	}
	s, feed := open()
	answer = auth.Principal{User: alice.User, Roles: []auth.Role{auth.RoleAuditor}}
	if err := st.Changed(t.Context(), alice.User); err != nil || !s.Principal().Has(auth.RoleAuditor) || s.Over() {
		t.Errorf("another role: %v, %v", err, s.Principal())
	}
	refused = errors.New("the disk is gone")
	if err := st.Again(t.Context(), s); err == nil || s.Over() {
		t.Errorf("nothing known: %v", err)
	}
	refused = fault.New(fault.Unauthorized, "no")
	if err := st.Changed(t.Context(), "bob"); err != nil || s.Over() {
		t.Errorf("another user's change: %v", err)
	}
	if err := st.Changed(t.Context(), alice.User); err != nil || !s.Over() {
		t.Errorf("refused: %v", err)
	}
	if _, _, err := feed.Next(nil); !errors.Is(err, session.ErrRevoked) {
		t.Errorf("its feed: %v", err)
	}
	refused = nil
	answer.User = "bob"
	other, _ := open()
	if err := st.Again(t.Context(), other); err != nil || !other.Over() {
		t.Errorf("somebody else: %v", err)
	}
	answer.User = alice.User
	waits, feed := open()
	feed.Close()
	narrow := alice
	narrow.Scopes = []string{"rooms:read"}
	if _, ok := st.Resume(waits.ID, narrow, check, 0); ok {
		t.Error("resumed with other scopes")
	}
	if err := st.Changed(t.Context(), alice.User); err != nil || !waits.Over() {
		t.Errorf("one that waits: %v", err)
	}
	lost, _ := open()
	refused = errors.New("the disk is gone")
	if err := st.Changed(t.Context(), alice.User); err == nil || !lost.Over() {
		t.Errorf("changed, and nothing known: %v", err)
	}
	if ended.Load() != 4 {
		t.Errorf("%d have ended", ended.Load())
	}
}

func TestSessionsAreLimited(t *testing.T) {
	st := session.NewStore(small())
	var first *session.Session
	for range 3 {
		s, _, err := st.Open(alice)
		if err != nil {
			t.Fatal(err)
		}
		first = s
	}
	if _, _, err := st.Open(alice); fault.Of(err) != fault.TooMany {
		t.Errorf("a fourth of alice's: %v", err)
	}
	if _, _, err := st.Open(auth.Principal{User: "bob"}); err != nil {
		t.Error(err)
	}
	if _, _, err := st.Open(auth.Principal{User: "carol"}); fault.Of(err) != fault.Unavailable {
		t.Errorf("a fifth: %v", err)
	}
	st.End(first)
	if _, _, err := st.Open(alice); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	st.Close()
	if _, _, err := st.Open(alice); fault.Of(err) != fault.Unavailable || st.Len() != 0 {
		t.Errorf("after the end: %v, %d sessions", err, st.Len())
	}
}
