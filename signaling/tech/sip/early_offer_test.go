package sip

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestFirstReliableResponseOffers: to an INVITE without an offer the first reliable response
// makes it, be it 180 or 183, once (RFC 3262 §5); where none need be reliable, 180 says nothing of
// media and the 2xx makes the offer.
func TestFirstReliableResponseOffers(t *testing.T) {
	for _, c := range []struct {
		name, option, line string
		reliable           bool
	}{
		{"required", "yes", "Require: 100rel", true},
		{"supported, wanted by us", "peer_supported", "Supported: 100rel", true},
		{"supported, required by us", "required", "Supported: 100rel", true},
		{"supported, not wanted by us", "yes", "Supported: 100rel", false},
		{"not supported", "peer_supported", "Supported: timer", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := earlyRig(t, "100rel = "+c.option, "")
			caller := r.lateCaller(r.mouth(1), c.line)
			p, call := caller.call.Peer, caller.call
			ch := siptest.Wait(t, r.calls)
			rings(t, ch)
			first := p.Skip("SIP/2.0 180")
			if got := strings.Contains(first.Body, "m=audio"); got != c.reliable || (first.Header("RSeq") != "") != c.reliable {
				t.Fatalf("rings with\n%s", first.Text)
			}
			ack, body := *call, string(caller.m.content(r).Body)
			if c.reliable {
				if err := ch.Progress(siptest.Ctx(t)); err != nil { // which waits for the PRACK
					t.Fatal(err)
				}
				call.Take(first)
				call.Send("PRACK", body, "RAck: "+first.Header("RSeq")+" 1 INVITE")
				m := p.Skip("SIP/2.0 183")
				if m.Body != "" {
					t.Errorf("offers again\n%s", m.Text)
				}
				body = ""
				call.Send("PRACK", body, "RAck: "+m.Header("RSeq")+" 1 INVITE")
			}
			picksUp(t, ch)
			m := p.Skip("SIP/2.0 200")
			for m.Header("CSeq") != "1 INVITE" {
				m = p.Skip("SIP/2.0 200")
			}
			if (m.Body == "") != c.reliable {
				t.Errorf("answers with\n%s", m.Text)
			}
			call.Take(m)
			ack.Take(m)
			ack.Seq = 1
			ack.Ack(body)
			call.Send("BYE", "")
			for m := p.Skip("SIP/2.0 200"); !strings.HasSuffix(m.Header("CSeq"), " BYE"); {
				m = p.Skip("SIP/2.0 200") // the answer may be repeated until the ACK is there
			}
		})
	}
}

// badAnswers are descriptions in a PRACK that answer our offer with nothing usable.
var badAnswers = []struct{ name, body, contentType string }{
	{name: "none"},
	{name: "no description", body: "\x00\xff\r\n"},
	{name: "no media", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"},
	{name: "refused", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"},
	{name: "another codec", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 nothing/8000\r\n"},
	{name: "another medium", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"},
	{name: "encrypted", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"},
	{name: "no address", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"},
	{name: "a multipart without it", body: "--b\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--b--\r\n", contentType: "multipart/mixed;boundary=b"},
	{name: "very long", body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + strings.Repeat("a=x\r\n", 4000)},
}

// TestPracksWithoutTheAnswer: a caller who leaves the offer to us and does not answer it in the
// PRACK. The call ends, with what was wrong, be it ringing or answered here meanwhile.
func TestPracksWithoutTheAnswer(t *testing.T) {
	for _, bad := range badAnswers {
		for _, answered := range []bool{false, true} {
			name := bad.name
			if answered {
				name += ", answered"
			}
			t.Run(name, func(t *testing.T) {
				r, _ := earlyRig(t, "", "")
				p := siptest.TCP(t, r.server.Addr("tcp"))
				call := p.NewCall(r.to("600").String())
				call.From = "<sip:1001@127.0.0.1>"
				call.Send("INVITE", "", "Require: 100rel")
				ch := siptest.Wait(t, r.calls)
				rings(t, ch)
				m := p.Skip("SIP/2.0 180")
				if answered {
					picksUp(t, ch)
				}
				call.Take(m)
				lines := []siptest.Line{"RAck: " + m.Header("RSeq") + " 1 INVITE"}
				if bad.contentType != "" {
					lines = append(lines, "Content-Type: "+bad.contentType)
				}
				call.Send("PRACK", bad.body, lines...)
				final := map[string]*siptest.Message{}
				for range 2 {
					m := p.Next()
					final[m.Header("CSeq")] = m
				}
				invite, prack := final["1 INVITE"], final["2 PRACK"]
				if prack == nil || prack.Status() != 200 {
					t.Errorf("the PRACK: %v", prack)
				}
				want := 488
				if answered {
					want = 480 // the stack's, of a call that is taken back
				}
				if invite == nil || invite.Status() != want || !strings.Contains(invite.Header("Reason"), "cause=58;") ||
					!strings.Contains(invite.Header("Reason"), "nswer to the offer") {
					t.Errorf("the INVITE: %v", invite)
				}
				siptest.Wait(t, ch.Gone())
				if s := ch.Snapshot(); s.Cause != signaling.CauseNoCodec {
					t.Errorf("ended with %d", s.Cause)
				}
				r.portsClosed()
			})
		}
	}
}
