package sip_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const takes100rel, wants100rel = "Supported: timer, 100rel", "Require: 100rel"

// ringing is a call of a raw peer that waits for its answer, with reliable responses where
// the peer takes them, and a handler for its early dialog.
func ringing(t *testing.T, cfg sip.Config, body string, lines ...siptest.Line) (*sip.IncomingInvite, *siptest.Call, *siptest.Leg) {
	t.Helper()
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", body, lines...)
	in := siptest.Wait(t, phone.Invites)
	in.SetReliable(true)
	leg := siptest.NewLeg(t)
	d, err := in.Early(leg)
	if err != nil {
		t.Fatal(err)
	}
	leg.Dialog = d
	return in, call, leg
}

func progress(t *testing.T, in *sip.IncomingInvite, status int, body string) {
	t.Helper()
	r := sip.Reply{Status: status}
	if body != "" {
		r = sdp(body)
		r.Status = status
	}
	if err := in.Progress(r); err != nil {
		t.Fatal(err)
	}
}

// prack acknowledges a reliable response to the INVITE of that number.
func prack(c *siptest.Call, invite string, m *siptest.Message, body string, lines ...siptest.Line) {
	c.Take(m)
	c.Send("PRACK", body, append(lines, "RAck: "+m.Header("RSeq")+" "+invite+" INVITE")...)
}

// TestReliably: our reliable responses, from an early answer to the 2xx.
func TestReliably(t *testing.T) {
	in, call, leg := ringing(t, siptest.Config("udp"), offer, takes100rel)
	p := call.Peer
	progress(t, in, 180, "")
	progress(t, in, 183, answer) // which waits for its turn
	m := p.Want("SIP/2.0 180")
	if m.Header("Require") != "100rel" || m.Header("RSeq") == "" || m.URI("Contact") == "" {
		t.Errorf("ringing\n%s", m.Text)
	}
	call.Take(m)
	for _, wrong := range []struct{ rack, status string }{
		{"", "400"}, {"x", "400"}, {"0 1 INVITE", "400"}, {"5 1 INVITE", "481"}, {m.Header("RSeq") + " 2 INVITE", "481"},
		{m.Header("RSeq") + " 1 UPDATE", "481"},
	} {
		call.Send("PRACK", "", "RAck: "+wrong.rack)
		p.Want("SIP/2.0 " + wrong.status)
	}
	// Nothing is agreed: an offer comes too early (RFC 3311 §5.2).
	call.Send("UPDATE", offer)
	if m := p.Want("SIP/2.0 500"); m.Header("Retry-After") == "" {
		t.Errorf("update\n%s", m.Text)
	}
	prack(call, "1", m, "")
	both := map[string]*siptest.Message{}
	for range 2 {
		m := p.Next()
		both[m.Start[:11]] = m
	}
	early := both["SIP/2.0 183"]
	if both["SIP/2.0 200"] == nil || early == nil || early.Body != answer {
		t.Fatalf("got %v", both)
	}
	call.Send("PRACK", "", "RAck: "+m.Header("RSeq")+" 1 INVITE") // acknowledged already
	p.Want("SIP/2.0 481")
	// Our offer waits until the answer is acknowledged (RFC 3311 §5.1).
	if _, err := leg.Dialog.Request(siptest.Ctx(t), "UPDATE", sip.Content{Type: "application/sdp", Body: []byte(offer)}); fault.Of(err) != fault.Conflict {
		t.Errorf("our UPDATE: %v", err)
	}
	// The 2xx waits for it as well.
	d, err := in.Accept(sip.Reply{}, leg)
	if err != nil || d != leg.Dialog {
		t.Fatalf("dialog %v, error %v", d, err)
	}
	if err := in.Reject(sip.Reply{Status: 486}); fault.Of(err) != fault.Conflict {
		t.Errorf("refused after it was accepted: %v", err)
	}
	p.Quiet()
	invite := *call
	prack(call, "1", early, "")
	p.Want("SIP/2.0 200") // of the PRACK
	if m := p.Want("SIP/2.0 200"); m.Header("CSeq") != "1 INVITE" || m.Body != "" {
		t.Errorf("answer\n%s", m.Text)
	}
	invite.Seq = 1
	invite.Ack("")
	siptest.Wait(t, leg.Acks)
	call.Send("BYE", "")
	p.Want("SIP/2.0 200")
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndRemote {
		t.Errorf("end %+v", e)
	}
}

// TestReliablyWhere: who gets reliable responses.
func TestReliablyWhere(t *testing.T) {
	for _, c := range []struct {
		name string
		on   bool
		line string
		want bool
	}{
		{"supported", true, takes100rel, true}, {"supported in short", true, "k: 100REL", true},
		{"unknown", true, "Supported: timer", false}, {"not wanted here", false, takes100rel, false},
		{"required", false, wants100rel, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "bob")
			p := siptest.UDP(t, phone.Addr("udp"))
			call := p.NewCall(phone.URI("udp").String())
			call.Send("INVITE", offer, c.line)
			in := siptest.Wait(t, phone.Invites)
			in.SetReliable(c.on)
			progress(t, in, 180, "")
			if m := p.Want("SIP/2.0 180"); in.Reliable() != c.want || (m.Header("RSeq") != "") != c.want {
				t.Errorf("reliable is %v\n%s", in.Reliable(), m.Text)
			}
			if err := in.Reject(sip.Reply{Status: 486}); err != nil {
				t.Fatal(err)
			}
			p.Skip("SIP/2.0 486")
			p.Send(call.Again("ACK", ""))
			call.Send("UPDATE", "")
			p.Skip("SIP/2.0 481") // nothing is left
		})
	}
}

// TestOffersInPracks: the patterns of RFC 6337 §2.2 that a caller begins.
func TestOffersInPracks(t *testing.T) {
	t.Run("answer to an early offer", func(t *testing.T) {
		in, call, leg := ringing(t, siptest.Config("udp"), "", takes100rel)
		p := call.Peer
		progress(t, in, 183, offer)
		m := p.Want("SIP/2.0 183")
		call.Take(m)
		call.Send("UPDATE", offer)
		p.Want("SIP/2.0 491") // ours is not answered
		prack(call, "1", m, answer)
		r := siptest.Wait(t, leg.Requests)
		if r.Request().Method() != "PRACK" || string(r.Request().Body()) != answer {
			t.Errorf("got %s %q", r.Request().Method(), r.Request().Body())
		}
		if err := r.Respond(sip.Reply{}); err != nil {
			t.Fatal(err)
		}
		p.Want("SIP/2.0 200")
		call.Send("UPDATE", offer) // agreed: it may offer now
		if err := siptest.Wait(t, leg.Requests).Respond(sdp(answer)); err != nil {
			t.Fatal(err)
		}
		if m := p.Want("SIP/2.0 200"); m.Body != answer {
			t.Errorf("update\n%s", m.Text)
		}
		if _, err := in.Accept(sip.Reply{}, leg); err != nil {
			t.Fatal(err)
		}
		p.Want("SIP/2.0 200")
	})
	t.Run("second offer in a PRACK", func(t *testing.T) {
		in, call, leg := ringing(t, siptest.Config("udp"), offer, wants100rel)
		p := call.Peer
		progress(t, in, 183, answer)
		prack(call, "1", p.Want("SIP/2.0 183"), "second")
		r := siptest.Wait(t, leg.Requests)
		if _, err := in.Accept(sip.Reply{}, leg); err != nil { // waits for the answer below
			t.Fatal(err)
		}
		call.Send("UPDATE", "third")
		p.Want("SIP/2.0 500")
		if err := r.Respond(sdp("second answer")); err != nil {
			t.Fatal(err)
		}
		if m := p.Want("SIP/2.0 200"); m.Body != "second answer" || !strings.HasSuffix(m.Header("CSeq"), "PRACK") {
			t.Errorf("got\n%s", m.Text)
		}
		if m := p.Want("SIP/2.0 200"); m.Header("CSeq") != "1 INVITE" {
			t.Errorf("got\n%s", m.Text)
		}
	})
	t.Run("offer in a PRACK before our answer", func(t *testing.T) {
		in, call, _ := ringing(t, siptest.Config("udp"), offer, wants100rel)
		p := call.Peer
		progress(t, in, 180, "")
		m := p.Want("SIP/2.0 180")
		prack(call, "1", m, "second")
		p.Want("SIP/2.0 500")
		progress(t, in, 183, answer) // which the refused PRACK did not keep back
		p.Want("SIP/2.0 183")
	})
	t.Run("our UPDATE", func(t *testing.T) {
		in, call, leg := ringing(t, siptest.Config("udp"), offer, takes100rel)
		p := call.Peer
		progress(t, in, 183, answer)
		prack(call, "1", p.Want("SIP/2.0 183"), "")
		p.Want("SIP/2.0 200")
		got := make(chan error, 1)
		go func() { // ended by the answer below
			_, err := leg.Dialog.Request(siptest.Ctx(t), "UPDATE", sip.Content{Type: "application/sdp", Body: []byte(offer)})
			got <- err
		}()
		up := p.Want("UPDATE ")
		call.Send("UPDATE", offer)
		p.Want("SIP/2.0 491")
		p.Send(p.Response(up, 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, answer))
		if err := siptest.Wait(t, got); err != nil {
			t.Error(err)
		}
	})
}

// TestNoPrack: a response that is never acknowledged ends the call (RFC 3262 §3).
func TestNoPrack(t *testing.T) {
	for _, accepted := range []bool{false, true} {
		in, call, leg := ringing(t, siptest.Repeating(siptest.T1, "udp"), offer, takes100rel)
		p := call.Peer
		progress(t, in, 183, answer)
		if accepted {
			if _, err := in.Accept(sip.Reply{}, leg); err != nil {
				t.Fatal(err)
			}
		}
		first := p.Want("SIP/2.0 183")
		repeated := 0
		m := p.Next()
		for ; m.Status() == 183; m = p.Next() {
			if m.Header("RSeq") != first.Header("RSeq") {
				t.Errorf("repeated as\n%s", m.Text)
			}
			repeated++
		}
		// A loaded machine may be late, but T1·(2⁷-1) is less than 64·T1 just once.
		if m.Status() != 504 || repeated < 1 || repeated > 7 {
			t.Errorf("after %d repetitions\n%s", repeated, m.Text)
		}
		p.Send(call.Again("ACK", ""))
		siptest.Wait(t, in.Done())
		if fault.Of(in.Err()) != fault.Timeout {
			t.Errorf("error %v", in.Err())
		}
		if accepted {
			if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndNoAck {
				t.Errorf("end %+v", e)
			}
		}
	}
}

// TestEndsBeforeTheAnswer: who ends a call with an early dialog, and what is said.
func TestEndsBeforeTheAnswer(t *testing.T) {
	for _, c := range []struct {
		name     string
		accepted bool // the 2xx waits for a PRACK
		do       func(*testing.T, *sip.IncomingInvite, *siptest.Call, *siptest.Leg)
		status   string // of the INVITE
		told     bool
		cause    sip.EndCause
	}{
		{name: "canceled", status: "487", do: func(_ *testing.T, _ *sip.IncomingInvite, call *siptest.Call, _ *siptest.Leg) {
			call.Peer.Send(call.Again("CANCEL", "", "-Contact"))
		}},
		{name: "canceled late", accepted: true, status: "487", told: true, cause: sip.EndRemote, do: func(_ *testing.T, _ *sip.IncomingInvite, call *siptest.Call, _ *siptest.Leg) {
			call.Peer.Send(call.Again("CANCEL", "", "-Contact"))
		}},
		{name: "BYE", status: "487", do: func(_ *testing.T, _ *sip.IncomingInvite, call *siptest.Call, _ *siptest.Leg) {
			bye := *call
			bye.Send("BYE", "")
		}},
		{name: "hung up late", accepted: true, status: "480", told: true, cause: sip.EndLocal, do: func(t *testing.T, _ *sip.IncomingInvite, _ *siptest.Call, leg *siptest.Leg) {
			if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
				t.Error(err)
			}
		}},
		{name: "refused", status: "486", do: func(t *testing.T, in *sip.IncomingInvite, _ *siptest.Call, _ *siptest.Leg) {
			if err := in.Reject(sip.Reply{Status: 486}); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, call, leg := ringing(t, siptest.Config("udp"), offer, takes100rel)
			p := call.Peer
			progress(t, in, 183, answer)
			m := p.Want("SIP/2.0 183")
			if c.accepted {
				if _, err := in.Accept(sip.Reply{}, leg); err != nil {
					t.Fatal(err)
				}
			}
			call.Take(m)
			was := *call
			call.ToTag = ""
			if c.name == "BYE" {
				call.ToTag = m.Tag("To")
			} else {
				call.URI = was.URI
			}
			c.do(t, in, call, leg)
			final := p.Skip("SIP/2.0 " + c.status)
			if final.Header("CSeq") != "1 INVITE" {
				t.Errorf("got\n%s", final.Text)
			}
			siptest.Wait(t, in.Done())
			siptest.Wait(t, leg.Dialog.Done())
			if c.told {
				if e := siptest.Wait(t, leg.Ended); e.Cause != c.cause {
					t.Errorf("end %+v", e)
				}
			}
			was.Seq += 5
			was.Send("UPDATE", "")
			p.Skip("SIP/2.0 481")
			if len(leg.Ended) != 0 {
				t.Error("told of a dialog that it never had")
			}
		})
	}
}

// An offer that the stack refuses itself, as nobody is there to take it, is over with that: the
// call is answered, and the next offer counts.
func TestOffersThatNobodyTakes(t *testing.T) {
	for _, method := range []string{"PRACK", "UPDATE"} {
		cfg := siptest.Config("udp")
		cfg.T1 = 50 * time.Millisecond // no ACK comes, and the BYE for that is not waited for long
		phone := siptest.NewPhoneWith(t, "bob", cfg)
		p := siptest.UDP(t, phone.Addr("udp"))
		call := p.NewCall(phone.URI("udp").String())
		call.Send("INVITE", offer, "Supported: 100rel")
		in := siptest.Wait(t, phone.Invites)
		in.SetReliable(true)
		progress(t, in, 183, answer)
		early := p.Want("SIP/2.0 183")
		if method == "PRACK" {
			prack(call, "1", early, offer, "Content-Type: application/sdp")
		} else {
			prack(call, "1", early, "")
			p.Want("SIP/2.0 200")
			call.Send("UPDATE", offer, "Content-Type: application/sdp")
		}
		p.Want("SIP/2.0 480")
		if _, err := in.Accept(sip.Reply{}, siptest.NewLeg(t)); err != nil {
			t.Fatal(err)
		}
		p.Want("SIP/2.0 200")
		call.Send("UPDATE", offer, "Content-Type: application/sdp")
		if m := p.Skip("SIP/2.0 "); strings.HasPrefix(m.Start, "SIP/2.0 500") {
			t.Errorf("after a %s: %s", method, m.Start)
		}
	}
}
