package api_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/api/ws"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
)

// news publishes numbered frames on a topic.
func news(t *testing.T, hub *fanout.Hub, topic string, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		f, err := fanout.NewFrame("News", frame{"n": n})
		must(t, err)
		hub.Publish(topic, f)
	}
}

// expect reads numbered frames.
func (s *socket) expect(from, to int) {
	s.t.Helper()
	for n := from; n <= to; n++ {
		if f := s.next("News"); f.N != n {
			s.t.Fatalf("news %d instead of %d", f.N, n)
		}
	}
}

func TestResume(t *testing.T) {
	var hub *fanout.Hub
	r := newRig(t, live(func(c *ws.Config) { hub, c.Sessions.Frames = c.Hub, 20 }))
	s, session := r.as("alice")
	s.says(frame{"type": "Subscribe", "channel": "presence:dave"}).next("Subscribed")
	s.next("Presence")
	news(t, hub, "presence:dave", 1, 3)
	s.expect(1, 2)
	must(t, s.conn.NetConn().Close()) // without a word; the third may have come, or not
	news(t, hub, "presence:dave", 4, 9)
	last := s.last

	s, fresh := r.as("alice")
	s.says(frame{"type": "Resume", "session": session, "after": last})
	s.last = last
	s.expect(3, 9)
	if f := s.next("Resumed"); f.Session != session || f.Replayed != 7 {
		t.Errorf("%+v", f)
	}
	news(t, hub, "presence:dave", 10, 10) // its channels are those from before
	s.expect(10, 10)

	// Another connection takes the session over, and this one is told.
	other, _ := r.as("alice")
	other.says(frame{"type": "Resume", "session": session, "after": s.last})
	other.last = s.last
	if f := other.next("Resumed"); f.Replayed != 0 {
		t.Errorf("%+v", f)
	}
	s.ends(4409)

	// What is no more there: more than is kept, a session that never was, one of another user.
	must(t, other.conn.NetConn().Close())
	news(t, hub, "presence:dave", 11, 40)
	s, own := r.as("alice")
	s.says(frame{"type": "Resume", "session": session, "after": other.last})
	s.last = 0
	if f := s.next("Gap"); f.Session != session || !f.Resumed {
		t.Errorf("%+v", f)
	}
	news(t, hub, "presence:dave", 41, 41)
	s.expect(41, 41)
	for _, gone := range []string{"nonsense", fresh, own} {
		s.says(frame{"type": "Resume", "session": gone, "after": 1})
		if f := s.next("Gap"); f.Session != session || f.Resumed {
			t.Errorf("%+v", f)
		}
	}
	bob, own := r.as("bob")
	bob.says(frame{"type": "Resume", "session": session, "after": 1})
	if f := bob.next("Gap"); f.Session != own || f.Resumed {
		t.Errorf("bob resumes alice's: %+v", f)
	}
}

// One who does not read costs nobody else a moment, is let go of, and gets what it missed.
func TestASlowClient(t *testing.T) {
	var hub *fanout.Hub
	r := newRig(t, live(func(c *ws.Config) { hub, c.Sessions.Behind, c.Sessions.Frames = c.Hub, 8, 5000 }))
	slow, session := r.as("alice")
	slow.says(frame{"type": "Subscribe", "channel": "presence:carol"}).next("Subscribed")
	slow.next("Presence")
	quick, _ := r.as("bob")
	quick.says(frame{"type": "Subscribe", "channel": "presence:carol"}).next("Subscribed")
	quick.next("Presence")
	const all = 2000
	for n := 1; n <= all; n++ { // each is read before the next one is told, but by the slow one
		news(t, hub, "presence:carol", n, n)
		quick.expect(n, n)
	}
	// The slow one had room in its socket, or not: whatever it was sent is whole and in order.
	for n := 1; n <= all; n++ {
		var f told
		if err := slow.conn.ReadJSON(&f); err != nil {
			break
		}
		if f.N != n {
			t.Fatalf("%+v instead of %d", f, n)
		}
		slow.last = f.Seq
	}
	must(t, slow.conn.NetConn().Close())
	again, _ := r.as("alice")
	again.says(frame{"type": "Resume", "session": session, "after": slow.last})
	again.last = slow.last
	again.expect(int(slow.last)-2, all) // behind Welcome, Subscribed and Presence
	again.next("Resumed")
}

// A burst that is more than a client may be behind ends its connection with the word to resume.
func TestABurst(t *testing.T) {
	var hub *fanout.Hub
	r := newRig(t, live(func(c *ws.Config) { hub, c.Sessions.Behind = c.Hub, 4 }))
	s, session := r.as("alice")
	s.says(frame{"type": "Subscribe", "channel": "presence:carol"}).next("Subscribed")
	told := 0
	over := make(chan struct{})
	go func() { // ends with the connection
		defer close(over)
		s.ends(4408)
	}()
	for ended := false; !ended; {
		news(t, hub, "presence:carol", told+1, told+100)
		told += 100
		select {
		case <-over:
			ended = true
		default:
		}
		if told > 100_000 {
			t.Fatal("never too far behind")
		}
	}
	s, _ = r.as("alice")
	s.says(frame{"type": "Resume", "session": session, "after": 1 << 40})
	if f := s.next("Gap"); f.Resumed {
		t.Errorf("after a frame that never was: %+v", f)
	}
}
