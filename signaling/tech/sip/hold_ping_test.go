package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// heldCall is a call that the phone has put on hold, as it answered it.
func heldCall(t *testing.T, ping time.Duration) (*rig, *siptest.Peer, *leg, report) {
	t.Helper()
	r, phone := rawCallee(t, func(c *Config, stack *ua.Config) {
		c.HoldPing = ping
		timers := siptest.Repeating(3 * siptest.T1)
		stack.T1, stack.T2, stack.T4 = timers.T1, timers.T2, timers.T4
	})
	l, told := r.dial("callee")
	c := r.offer(0, "PCMU", "inactive")
	phone.Send(phone.Response(phone.Want("INVITE"), 200, "a", []string{phone.Contact(), "Content-Type: " + c.Type}, string(c.Body)))
	phone.Skip("ACK")
	told.want(t, "answered")
	return r, phone, l, told
}

// A phone that lost its power on hold says nothing ever again; it is asked.
func TestAPartyOnHoldIsAskedWhetherItIsThere(t *testing.T) {
	t.Parallel()
	t.Run("it knows the call no more", func(t *testing.T) {
		r, phone, _, told := heldCall(t, 10*time.Millisecond)
		for range 2 * maxUnsent { // whatever it says, it is there
			phone.Send(phone.Response(phone.Skip("OPTIONS"), 405, "", nil, ""))
		}
		phone.Send(phone.Response(phone.Skip("OPTIONS"), 481, "", nil, ""))
		told.want(t, "ended 18 true")
		r.portsClosed()
	})
	t.Run("it is silent", func(t *testing.T) {
		r, phone, _, told := heldCall(t, 10*time.Millisecond)
		first := phone.Skip("OPTIONS").Header("CSeq")
		for phone.Skip("OPTIONS").Header("CSeq") == first { // it is asked twice
		}
		told.want(t, "ended 18 false")
		r.portsClosed()
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
	t.Run("one is lost", func(t *testing.T) {
		_, phone, l, told := heldCall(t, 10*time.Millisecond)
		for range 3 { // silence, an answer, silence, an answer
			lost := phone.Skip("OPTIONS")
			next := phone.Skip("OPTIONS")
			for next.Header("CSeq") == lost.Header("CSeq") {
				next = phone.Skip("OPTIONS")
			}
			phone.Send(phone.Response(next, 200, "", nil, ""))
		}
		l.Hangup(signaling.CauseNormal)
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
		told.want(t, "ended 16 false")
	})
	t.Run("who stands before it says 408", func(t *testing.T) {
		_, phone, _, told := heldCall(t, 10*time.Millisecond)
		for _, status := range []int{408, 200, 408, 408} {
			phone.Send(phone.Response(phone.Skip("OPTIONS"), status, "", nil, ""))
		}
		told.want(t, "ended 18 false")
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
	t.Run("nobody asks", func(t *testing.T) {
		_, phone, l, told := heldCall(t, 0)
		due := make(chan bool, 1)
		l.post(func() { l.watchHold(); due <- l.ask.due })
		if siptest.Wait(t, due) {
			t.Error("it is to be asked")
		}
		l.Hangup(signaling.CauseNormal)
		for m := phone.Next(); ; m = phone.Next() {
			if strings.HasPrefix(m.Start, "OPTIONS") {
				t.Error("it is asked")
			}
			if strings.HasPrefix(m.Start, "BYE") {
				phone.Send(phone.Response(m, 200, "", nil, ""))
				break
			}
		}
		told.want(t, "ended 16 false")
	})
	t.Run("no way to it", func(t *testing.T) {
		r, phone, l, told := heldCall(t, time.Hour)
		for range maxUnsent {
			l.post(func() { l.pinged(nil, fault.New(fault.Unreachable, "its connection is gone")) })
		}
		told.want(t, "ended 18 false")
		r.portsClosed()
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
	t.Run("not after the hold", func(t *testing.T) {
		r, phone, l, told := heldCall(t, 10*time.Millisecond)
		invite := phone.Skip("OPTIONS")
		phone.Send(phone.Response(invite, 200, "", nil, ""))
		call := dialogOf(phone, invite)
		call.Send("INVITE", string(r.offer(0, "PCMU", "sendrecv").Body))
		phone.Skip("SIP/2.0 200")
		call.Ack("")
		told.want(t, "held false")
		r.house.Eventually("nothing more is asked", func() bool {
			for len(phone.Arrived()) > 0 {
				if m := <-phone.Arrived(); m.Start[:7] == "OPTIONS" {
					phone.Send(phone.Response(m, 200, "", nil, ""))
				}
			}
			due := make(chan bool, 1)
			l.post(func() { due <- l.ask.due })
			return !siptest.Wait(t, due)
		})
		l.Hangup(signaling.CauseNormal)
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
		told.want(t, "ended 16 false")
	})
}
