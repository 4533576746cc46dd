package sip

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
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
			s, w := silent(t, e), newWire()
			w.stream = stream
			give(s, w, goodRequest)
			time.Sleep(64*500*time.Millisecond - time.Millisecond)
			if got := w.times("SIP/2.0 200"); !slices.Equal(got, doubling) {
				t.Errorf("2xx at %v·T1", got)
			}
			if len(w.times("BYE")) != 0 {
				t.Error("BYE before 64·T1")
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			if got := w.times("BYE"); !slices.Equal(got, []int{64}) {
				t.Errorf("BYE at %v·T1", got)
			}
			give(s, w, responseTo(w.last("BYE"), 200, ""))
			time.Sleep(time.Minute)
			if got := e.all(); !slices.Equal(got, []string{"end no ack"}) {
				t.Errorf("events %v", got)
			}
			closeNow(t, s)
		})
	}
}

func ackFor(answer string) string {
	m, err := message.Parse([]byte(answer))
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("INVITE sip", "ACK sip", "314159 INVITE", "314159 ACK", "bK776", "bKack",
		"To: Bob <sip:bob@biloxi.com>", "To: "+m.To().String(), "Content-Length: 4\r\n\r\nv=0\n", "Content-Length: 0\r\n\r\n").Replace(goodRequest)
}

func TestAckStopsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		e.invite = func(i *IncomingInvite) {
			if _, err := i.Accept(Reply{}, dialogEvents{e}); err != nil {
				t.Error(err)
			}
		}
		s, w := silent(t, e), newWire()
		give(s, w, goodRequest)
		time.Sleep(4 * 500 * time.Millisecond)
		give(s, w, ackFor(w.last("SIP/2.0 200")))
		give(s, w, ackFor(w.last("SIP/2.0 200"))) // once more: told once
		time.Sleep(time.Minute)
		if got := w.times("SIP/2.0 200"); !slices.Equal(got, []int{0, 1, 3}) {
			t.Errorf("2xx at %v·T1", got)
		}
		if got := e.all(); !slices.Equal(got, []string{"ack"}) {
			t.Errorf("events %v", got)
		}
		closeNow(t, s)
	})
}

func TestRefusalIsRepeatedUntilItsAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		e.invite = func(i *IncomingInvite) {
			if err := i.Reject(Reply{Status: 486}); err != nil {
				t.Error(err)
			}
		}
		s, w := silent(t, e), newWire()
		give(s, w, goodRequest)
		time.Sleep(65 * 500 * time.Millisecond)
		if got := w.times("SIP/2.0 486"); !slices.Equal(got, doubling) {
			t.Errorf("486 at %v·T1", got)
		}
		if n, _ := s.txs.sizes(); n != 0 {
			t.Errorf("%d transactions after timer H", n)
		}
		closeNow(t, s)
	})
}

func TestTryingComesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{invite: func(*IncomingInvite) {}}
		s, w := silent(t, e), newWire()
		give(s, w, goodRequest)
		time.Sleep(199 * time.Millisecond)
		if w.last("SIP/2.0 100") != "" {
			t.Error("100 before 200 ms")
		}
		time.Sleep(2 * time.Millisecond)
		if got := w.last("SIP/2.0 100"); got == "" || strings.Contains(got, "To: Bob <sip:bob@biloxi.com>;tag") {
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
		s, w := silent(t, e), newWire()
		give(s, w, goodRequest)
		time.Sleep(3*time.Minute + time.Second)
		if got := w.times("SIP/2.0 180"); !slices.Equal(got, []int{0, 120, 240, 360}) {
			t.Errorf("180 at %v·T1", got)
		}
		closeNow(t, s)
	})
}

// clientOver starts a client transaction over the wire.
func clientOver(s *Server, w *wire, method string, l listener) (*clientTx, error) {
	return s.begin(&draft{
		method: method, uri: uri("sip:bob@biloxi.com"), from: message.Address{URI: uri("sip:a@b"), Params: message.Params{{Name: "tag", Value: "1"}}},
		to: message.Address{URI: uri("sip:bob@biloxi.com")}, callID: "c", seq: 1, maxForwards: 70,
	}, w, l)
}

func TestRequestsAreRepeated(t *testing.T) {
	for _, c := range []struct {
		method string
		stream bool
		want   []int
	}{
		{"INVITE", false, []int{0, 1, 3, 7, 15, 31, 63}},
		{"OPTIONS", false, doubling},
		{"INVITE", true, []int{0}},
		{"OPTIONS", true, []int{0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, w, l := silent(t, &events{}), newWire(), newWaiter()
			w.stream = c.stream
			if _, err := clientOver(s, w, c.method, l); err != nil {
				t.Fatal(err)
			}
			_, err := l.wait(t.Context())
			if fault.Of(err) != fault.Timeout || time.Since(w.start) != 32*time.Second {
				t.Errorf("after %v: %v", time.Since(w.start), err)
			}
			if got := w.times(c.method); !slices.Equal(got, c.want) {
				t.Errorf("%s at %v·T1, want %v", c.method, got, c.want)
			}
			closeNow(t, s)
		})
	}
}

func responseTo(request string, status int, toTag string) string {
	m, err := message.Parse([]byte(request))
	if err != nil {
		panic(err)
	}
	out := fmt.Sprintf("SIP/2.0 %d X\r\n", status)
	for _, h := range m.AllHeaders() {
		switch h.Name {
		case "To":
			out += "To: " + h.Value
			if toTag != "" {
				out += ";tag=" + toTag
			}
			out += "\r\n"
		case "Via", "From", "Call-ID", "CSeq":
			out += h.Name + ": " + h.Value + "\r\n"
		}
	}
	return out + "Contact: <sip:bob@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
}

func TestProvisionalStopsTheInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w, l := silent(t, &events{}), newWire(), newWaiter()
		if _, err := clientOver(s, w, "INVITE", l); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		give(s, w, responseTo(w.last("INVITE"), 180, "x"))
		time.Sleep(time.Hour) // who rings may ring
		if got := w.times("INVITE"); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("INVITE at %v·T1", got)
		}
		give(s, w, responseTo(w.last("INVITE"), 486, "x"))
		give(s, w, responseTo(w.last("INVITE"), 486, "x"))
		if got := w.times("ACK"); len(got) != 2 {
			t.Errorf("ACK at %v·T1, want one for each 486", got)
		}
		if r, err := l.wait(t.Context()); err != nil || r.Status() != 486 {
			t.Errorf("%v %v", r, err)
		}
		closeNow(t, s)
	})
}

func TestGlarePause(t *testing.T) {
	for _, c := range []struct {
		caller bool
		lo, hi time.Duration
	}{{true, 2100 * time.Millisecond, 4 * time.Second}, {false, 0, 2 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			s := silent(t, &events{})
			d := s.newDialog(DialogState{Caller: c.caller}, nil, nil)
			for range 50 {
				start := time.Now()
				if err := d.glarePause(t.Context()); err != nil {
					t.Fatal(err)
				}
				if p := time.Since(start); p < c.lo || p > c.hi {
					t.Errorf("caller %v: pause of %v", c.caller, p)
				}
			}
			closeNow(t, s)
		})
	}
}

// noting is a waiter whose INVITE can be canceled.
type noting struct {
	*waiter
	inv inviteTx
}

func (n *noting) response(r *message.Response) {
	n.inv.note(r)
	n.waiter.response(r)
}

func TestCancelWaitsForAProvisional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w, l := silent(t, &events{}), newWire(), &noting{waiter: newWaiter()}
		inv := &l.inv
		inv.giveUp = func() { l.failed(fault.New(fault.Canceled, "given up")) }
		var err error
		if inv.tx, err = clientOver(s, w, "INVITE", l); err != nil {
			t.Fatal(err)
		}
		inv.cancel("SIP;cause=200")
		if w.last("CANCEL") != "" {
			t.Error("CANCEL before a provisional response")
		}
		give(s, w, responseTo(w.last("INVITE"), 180, "x"))
		got := w.last("CANCEL")
		if !strings.Contains(got, "\r\nReason: SIP;cause=200\r\n") || !strings.Contains(got, "\r\nCSeq: 1 CANCEL\r\n") {
			t.Errorf("CANCEL %q", got)
		}
		if _, err := l.wait(t.Context()); fault.Of(err) != fault.Canceled {
			t.Errorf("without a final response: %v", err)
		}
		if time.Since(w.start) != 32*time.Second {
			t.Errorf("given up after %v", time.Since(w.start))
		}
		closeNow(t, s)
	})
}
