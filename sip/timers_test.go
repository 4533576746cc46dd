package sip

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/wire"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// doubling is T1 doubling up to T2 = 8·T1, until before 64·T1.
var doubling = []int{0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63}

func TestAnswerIsRepeatedUntilItsAck(t *testing.T) {
	for _, stream := range []bool{false, true} { // RFC 3261 §13.3.1.4: whatever the transport
		synctest.Test(t, func(t *testing.T) {
			e := &events{}
			e.invite = func(i *IncomingInvite) {
				i.SetRewriteContact(true) // the way back is the wire
				if _, err := i.Accept(Reply{}, dialogEvents{e}); err != nil {
					t.Error(err)
				}
			}
			s, w := silent(t, e), wire.New()
			w.Stream = stream
			give(s, w, wire.Invite)
			time.Sleep(64*500*time.Millisecond - time.Millisecond)
			if got := w.Times("SIP/2.0 200"); !slices.Equal(got, doubling) {
				t.Errorf("2xx at %v·T1", got)
			}
			if len(w.Times("BYE")) != 0 {
				t.Error("BYE before 64·T1")
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if got := w.Times("BYE"); !slices.Equal(got, []int{64}) {
				t.Errorf("BYE at %v·T1", got)
			}
			give(s, w, wire.ResponseTo(w.Last("BYE"), 200, ""))
			time.Sleep(time.Minute)
			if got := e.all(); !slices.Equal(got, []string{"end no ack"}) {
				t.Errorf("events %v", got)
			}
			closeNow(t, s)
		})
	}
}

// A BYE that waits for the ACK of our 2xx waits as long as the 2xx is repeated.
func TestByeWaitsForTheAckAndNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		dialog := make(chan *Dialog, 1)
		e.invite = func(i *IncomingInvite) {
			i.SetRewriteContact(true) // the way back is the wire
			d, err := i.Accept(Reply{}, dialogEvents{e})
			if err != nil {
				t.Error(err)
			}
			dialog <- d
		}
		s, w := silent(t, e), wire.New()
		give(s, w, wire.Invite)
		time.Sleep(60 * wire.T1)
		bye := make(chan error)
		go func() { bye <- (<-dialog).Bye(context.Background()) }() // ended by the answer below
		time.Sleep(4*wire.T1 + time.Millisecond)
		synctest.Wait()
		if got := w.Times("BYE"); !slices.Equal(got, []int{64}) {
			t.Fatalf("BYE at %v·T1", got)
		}
		give(s, w, wire.ResponseTo(w.Last("BYE"), 200, ""))
		if err := <-bye; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := e.all(); !slices.Equal(got, []string{"end local"}) {
			t.Errorf("events %v", got)
		}
		closeNow(t, s)
	})
}

func ackFor(answer string) string {
	m, err := message.Parse([]byte(answer))
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("INVITE sip", "ACK sip", "314159 INVITE", "314159 ACK", "bK776", "bKack",
		"To: Bob <sip:bob@biloxi.com>", "To: "+m.To().String(), "Content-Length: 4\r\n\r\nv=0\n", "Content-Length: 0\r\n\r\n").Replace(wire.Invite)
}

func TestAckStopsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		e.invite = func(i *IncomingInvite) {
			if _, err := i.Accept(Reply{}, dialogEvents{e}); err != nil {
				t.Error(err)
			}
		}
		s, w := silent(t, e), wire.New()
		give(s, w, wire.Invite)
		time.Sleep(4 * 500 * time.Millisecond)
		give(s, w, ackFor(w.Last("SIP/2.0 200")))
		give(s, w, ackFor(w.Last("SIP/2.0 200"))) // once more: told once
		time.Sleep(time.Minute)
		if got := w.Times("SIP/2.0 200"); !slices.Equal(got, []int{0, 1, 3}) {
			t.Errorf("2xx at %v·T1", got)
		}
		if got := e.all(); !slices.Equal(got, []string{"ack"}) {
			t.Errorf("events %v", got)
		}
		closeNow(t, s)
	})
}

func TestTryingComesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{invite: func(*IncomingInvite) {}}
		s, w := silent(t, e), wire.New()
		give(s, w, wire.Invite)
		time.Sleep(199 * time.Millisecond)
		if w.Last("SIP/2.0 100") != "" {
			t.Error("100 before 200 ms")
		}
		time.Sleep(2 * time.Millisecond)
		if got := w.Last("SIP/2.0 100"); got == "" || strings.Contains(got, "To: Bob <sip:bob@biloxi.com>;tag") {
			t.Errorf("after 200 ms: %q", got)
		}
		closeNow(t, s)
	})
}

func TestRingingIsSaidAgainEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{invite: func(i *IncomingInvite) {
			if err := i.Progress(Reply{}); err != nil {
				t.Error(err)
			}
		}}
		s, w := silent(t, e), wire.New()
		give(s, w, wire.Invite)
		time.Sleep(3*time.Minute + time.Second)
		if got := w.Times("SIP/2.0 180"); !slices.Equal(got, []int{0, 120, 240, 360}) {
			t.Errorf("180 at %v·T1", got)
		}
		closeNow(t, s)
	})
}
