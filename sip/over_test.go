package sip

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/route"
	"github.com/skygenesisenterprise/skybridge/sip/internal/serial"
	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// ending is a wire on which something happens while a message is sent.
type ending struct {
	*wire.Wire
	happens func()
}

func (e ending) Send(b []byte) error {
	e.happens()
	return e.Wire.Send(b)
}

// outgoing is a call of ours without a hop yet.
func outgoing(t *testing.T, s *Server, h InviteHandler) *OutgoingInvite {
	t.Helper()
	at := message.URI{Scheme: "sip", User: "x", Host: "127.0.0.1"}
	o := Outbound{Method: "INVITE", Target: at, From: message.Address{URI: at}, ContentType: "application/sdp", Body: []byte("v=0\r\n")}
	w := s.client.Wallet(&o)
	d, err := s.client.Draft(&o, w)
	if err != nil {
		t.Fatal(err)
	}
	out := &OutgoingInvite{
		s: s, h: h, draft: d, wallet: w, id: DialogID{CallID: d.CallID, LocalTag: d.From.Tag()}, done: make(chan struct{}),
		forks: make(map[string]*Dialog), extra: make(map[string]*Dialog),
	}
	out.run = serial.New(dialogQueue, s.errands.Spawn, out.panicked)
	s.dialogs.Put(out.id, out)
	return out
}

// A next hop that is found when the call is over already is not asked for one that nobody
// would take or cancel.
func TestHopOfACallThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		s, w := silent(t, e), wire.New()
		defer closeNow(t, s)
		out := outgoing(t, s, e)
		out.abandon()
		synctest.Wait()
		if err := out.send(w, time.Now()); err != nil {
			t.Error(err)
		}
		if n := len(w.Times("INVITE ")); n != 0 {
			t.Errorf("%d INVITEs are sent", n)
		}
		if got := e.all(); len(got) != 1 {
			t.Errorf("told %v", got)
		}
	})
}

// An INVITE whose call ends while it is being sent is canceled.
func TestCallThatEndsWhileItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		s, w := silent(t, e), wire.New()
		defer closeNow(t, s)
		out := outgoing(t, s, e)
		if err := out.send(ending{w, out.abandon}, time.Now()); err != nil {
			t.Error(err)
		}
		give(s, w, wire.ResponseTo(w.Last("INVITE "), 180, "x"))
		if n := len(w.Times("CANCEL ")); n == 0 {
			t.Error("no CANCEL is sent")
		}
	})
}

// A call's patience has begun with the way to the hop, not with the INVITE; but however long
// the way took, there is time for an answer.
func TestPatienceBeginsWithTheWay(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name          string
		patience, way time.Duration
		another       bool
		answer, end   time.Duration // since the attempt began; no answer is 0
	}{
		{"a part of it", 1500 * ms, 1000 * ms, false, 0, 1500 * ms},
		{"nearly all of it", 1500 * ms, 1490 * ms, false, 0, 1990 * ms},
		{"more than it", 1500 * ms, 4000 * ms, false, 0, 4500 * ms},
		{"shorter than a round trip", 50 * ms, 49 * ms, false, 0, 99 * ms},
		{"an answer after all of it", 1500 * ms, 1490 * ms, false, 1900 * ms, 0},
		{"the stack's", 0, 1000 * ms, true, 0, 4000 * ms},
		{"longer than the stack's", 0, 4500 * ms, true, 0, 7500 * ms},
		{"longer than the stack's, and an answer", 0, 4500 * ms, true, 7000 * ms, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &events{}
				s, w := silent(t, e), wire.New()
				defer closeNow(t, s)
				out := outgoing(t, s, e)
				out.patience = tt.patience
				if tt.another {
					out.hops = []route.Hop{route.Over(wire.New())}
				}
				began := time.Now()
				time.Sleep(tt.way) // a connection that takes its time
				if err := out.send(w, began); err != nil {
					t.Fatal(err)
				}
				if tt.answer > 0 {
					time.Sleep(tt.answer - time.Since(began))
					give(s, w, wire.ResponseTo(w.Last("INVITE "), 180, "x"))
					time.Sleep(20 * time.Second)
					if got := e.all(); len(got) != 1 || got[0] != "provisional 180" {
						t.Errorf("told %v", got)
					}
					return
				}
				for another := tt.another; another; { // until the other hop is tried
					time.Sleep(ms)
					out.mu.Lock()
					another = len(out.hops) > 0
					out.mu.Unlock()
				}
				if !tt.another {
					<-out.done
				}
				if took := time.Since(began); took < tt.end || took > tt.end+ms {
					t.Errorf("given up after %v, want %v", took, tt.end)
				}
			})
		})
	}
}
