package sip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// rawCallee is a phone that says what the test says, and a rig that can call it. The
// rig's T1 is the usual one: what waits for a transaction's end is too late.
func rawCallee(t *testing.T, change ...func(*Config, *ua.Config)) (*rig, *siptest.Peer) {
	t.Helper()
	phone := siptest.UDP(t, message.Source{}.Remote)
	return newRig(t, fmt.Sprintf("[callee]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = callee\n[callee]\ntype = aor\ncontact = sip:callee@%s\n",
		phone.Local()), change...), phone
}

// ok is the phone's 200 to an INVITE.
func (r *rig) ok(phone *siptest.Peer, invite *siptest.Message) string {
	c := r.offer(0, "PCMU", "sendrecv")
	return phone.Response(invite, 200, "a", []string{phone.Contact(), "Content-Type: " + c.Type}, string(c.Body))
}

// A phone that is gone does not keep the call: it ends, media included, before the
// phone has said anything to our BYE or CANCEL.
func TestAHangupWaitsForNobody(t *testing.T) {
	t.Run("answered", func(t *testing.T) {
		r, phone := rawCallee(t)
		l, told := r.dial("callee")
		phone.Send(r.ok(phone, phone.Want("INVITE")))
		phone.Want("ACK")
		told.want(t, "answered")
		l.Hangup(signaling.CauseNormal)
		bye := phone.Want("BYE")
		told.want(t, "ended 16 false")
		r.portsClosed()
		if reason := bye.Header("Reason"); !strings.Contains(reason, "cause=16") {
			t.Errorf("BYE for %q", reason)
		}
		phone.Send(phone.Response(bye, 200, "", nil, ""))
	})
	t.Run("ringing", func(t *testing.T) {
		r, phone := rawCallee(t)
		l, told := r.dial("callee")
		invite := phone.Want("INVITE")
		phone.Send(phone.Response(invite, 180, "a", []string{phone.Contact()}, ""))
		told.want(t, "ringing")
		l.Hangup(signaling.CauseNoAnswer)
		phone.Want("CANCEL")
		told.want(t, "ended 19 false")
		r.portsClosed()
		phone.Send(phone.Response(invite, 487, "a", nil, ""))
		phone.Skip("ACK")
	})
	t.Run("silent", func(t *testing.T) {
		r, phone := rawCallee(t)
		l, told := r.dial("callee")
		invite := phone.Want("INVITE")
		l.Hangup(signaling.CauseNoAnswer)
		told.want(t, "ended 19 false")
		r.portsClosed()
		phone.Send(phone.Response(invite, 100, "", nil, "")) // only now may a CANCEL follow
		phone.Skip("CANCEL")
		phone.Send(phone.Response(invite, 487, "a", nil, ""))
		phone.Skip("ACK")
	})
	t.Run("without an ACK", func(t *testing.T) {
		r := newRig(t, anybody)
		phone := siptest.UDP(t, r.server.Addr("udp"))
		call := phone.NewCall("sip:600@127.0.0.1")
		call.From = "<sip:1001@127.0.0.1>"
		call.Send("INVITE", string(r.offer(0, "PCMU", "sendrecv").Body))
		c := siptest.Wait(t, r.calls)
		if err := c.Answer(siptest.Ctx(t)); err != nil {
			t.Fatal(err)
		}
		call.Take(phone.Skip("SIP/2.0 200"))
		c.Hangup(signaling.CauseNormal)
		siptest.Wait(t, c.Gone())
		r.portsClosed()
		call.Ack("") // which the BYE has to wait for (RFC 3261 §15)
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
}

// A hangup that finds the phone answering says BYE, whichever of the two is first.
func TestA2xxThatCrossesTheHangup(t *testing.T) {
	t.Run("after the CANCEL", func(t *testing.T) {
		r, phone := rawCallee(t)
		l, told := r.dial("callee")
		invite := phone.Want("INVITE")
		phone.Send(phone.Response(invite, 180, "a", []string{phone.Contact()}, ""))
		told.want(t, "ringing")
		l.Hangup(signaling.CauseNoAnswer)
		cancel := phone.Want("CANCEL")
		if !strings.Contains(cancel.Header("Reason"), "cause=19") {
			t.Errorf("CANCEL for %q", cancel.Header("Reason"))
		}
		told.want(t, "ended 19 false")
		phone.Send(r.ok(phone, invite))
		phone.Send(phone.Response(cancel, 200, "a", nil, ""))
		phone.Skip("ACK")
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
	t.Run("before the leg has heard of it", func(t *testing.T) {
		r, phone := rawCallee(t)
		l, told := r.dial("callee")
		invite := phone.Want("INVITE")
		phone.Send(phone.Response(invite, 180, "a", []string{phone.Contact()}, ""))
		told.want(t, "ringing")
		l.mu.Lock() // keeps the answer, and the hangup, from the leg
		phone.Send(r.ok(phone, invite))
		phone.Want("ACK")
		l.Hangup(signaling.CauseNormal)
		l.mu.Unlock()
		told.want(t, "ended 16 false")
		phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	})
}

// The hangup that comes while the INVITE leaves says why, as any other: a phone that stops
// ringing as another one was answered lists no missed call (RFC 3326).
func TestACancelAtOnceSaysWhy(t *testing.T) {
	r, phone := rawCallee(t)
	for range 20 {
		l, told := r.dial("callee")
		invite := phone.Skip("INVITE")
		l.Hangup(signaling.CauseAnsweredElse)
		phone.Send(phone.Response(invite, 100, "", nil, ""))
		cancel := phone.Skip("CANCEL")
		if reason := cancel.Header("Reason"); !strings.Contains(reason, "completed elsewhere") {
			t.Fatalf("CANCEL for %q", reason)
		}
		told.want(t, "ended 26 false")
		phone.Send(phone.Response(cancel, 200, "a", nil, ""))
		phone.Send(phone.Response(invite, 487, "a", nil, ""))
		phone.Want("ACK")
	}
}
