package sip

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	rtc "github.com/skygenesisenterprise/skybridge/media/webrtc"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/causes"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/info"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const anybody = `
[1001]
type = endpoint
context = internal
allow = !all,ulaw,alaw
rewrite_contact = yes
`

// callee is a pjsip.conf whose endpoint callee is a phone.
func callee(p *siptest.Phone) string {
	return fmt.Sprintf("[callee]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw,alaw\naors = callee\n[callee]\ntype = aor\ncontact = %s\n",
		p.URI("udp"))
}

// A hold that the phone refuses changes nothing: the next offer, from whichever
// side, is taken.
func TestARefusedHoldLeavesTheCallAsItWas(t *testing.T) {
	r := newRig(t, anybody)
	phone := r.phone("1001")
	leg, c := r.answered(phone, "600")
	if err := c.Hold(siptest.Ctx(t), true); err != nil {
		t.Fatal(err)
	}
	re := siptest.Wait(t, leg.ReInvites)
	if body := string(re.Request().Body()); !strings.Contains(body, "a=sendonly") {
		t.Errorf("hold offers\n%s", body)
	}
	if err := re.Reject(ua.Reply{Status: 488}); err != nil {
		t.Fatal(err)
	}
	o := r.offer(8, "PCMA", "sendrecv")
	resp, err := leg.Dialog.ReInvite(siptest.Ctx(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if body := string(resp.Body()); !strings.Contains(body, "RTP/AVP 8") || !strings.Contains(body, "a=sendrecv") {
		t.Errorf("answer\n%s", body)
	}
	if err := c.Hold(siptest.Ctx(t), true); err != nil {
		t.Fatal(err)
	}
	re = siptest.Wait(t, leg.ReInvites)
	held := r.offer(8, "PCMA", "recvonly")
	if err := re.Accept(ua.Reply{ContentType: held.Type, Body: held.Body}); err != nil {
		t.Fatal(err)
	}
	// While it is held, what the phone offers is answered so too.
	siptest.Wait(t, leg.Acks)
	if resp, err = leg.Dialog.ReInvite(siptest.Ctx(t), o); err != nil {
		t.Fatal(err)
	}
	if body := string(resp.Body()); !strings.Contains(body, "a=sendonly") {
		t.Errorf("answer while held\n%s", body)
	}
	c.Hangup(signaling.CauseNormal)
	siptest.Wait(t, c.Gone())
}

// Hanging up waits for nothing that the phone owes.
func TestHangupDoesNotWaitForAReInvite(t *testing.T) {
	r := newRig(t, anybody)
	phone := r.phone("1001")
	leg, c := r.answered(phone, "600")
	if err := c.Hold(siptest.Ctx(t), true); err != nil {
		t.Fatal(err)
	}
	siptest.Wait(t, leg.ReInvites) // and never answered
	c.Hangup(signaling.CauseBusy)
	end := siptest.Wait(t, leg.Ended)
	if end.Request == nil || !strings.Contains(end.Request.Header("Reason"), "cause=17") {
		t.Errorf("ended by %v", end)
	}
	siptest.Wait(t, c.Gone())
}

// Work that panics ends its call, whatever its state, and tells both sides.
func TestAPanicEndsTheCall(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, callee(phone))
	t.Run("ringing", func(t *testing.T) {
		l, told := r.dial("callee")
		in := siptest.Wait(t, phone.Invites)
		if err := in.Progress(ua.Reply{}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ringing")
		l.post(func() { panic("ringing") })
		siptest.Wait(t, in.Done())
		told.want(t, "ended 41 false")
	})
	t.Run("answered", func(t *testing.T) {
		l, told := r.dial("callee")
		answer := r.offer(0, "PCMU", "sendrecv")
		leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
		told.want(t, "answered")
		l.post(func() { panic("answered") })
		siptest.Wait(t, leg.Ended)
		told.want(t, "ended 41 false")
	})
	t.Run("while it waits", func(t *testing.T) {
		l, told := r.dial("callee")
		answer := r.offer(0, "PCMU", "sendrecv")
		leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
		told.want(t, "answered")
		l.spawn(func() { panic("waiting") })
		siptest.Wait(t, leg.Ended)
		told.want(t, "ended 41 false")
	})
	t.Run("while ending", func(t *testing.T) {
		l, told := r.dial("callee")
		answer := r.offer(0, "PCMU", "sendrecv")
		phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
		told.want(t, "answered")
		l.mu.Lock()
		l.dialog = nil // nothing to say BYE with, so end goes on as for an incoming call
		l.mu.Unlock()
		l.incoming = &ua.IncomingInvite{}
		l.post(func() { panic("answered") })
		told.want(t, "ended 41 false")
	})
}

// More work than a leg takes ends its call, and only then.
func TestTooMuchWorkEndsTheCall(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, callee(phone))
	l, told := r.dial("callee")
	answer := r.offer(0, "PCMU", "sendrecv")
	leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
	told.want(t, "answered")
	release := make(chan struct{})
	for range legQueue {
		l.post(func() { <-release })
	}
	if l.isOver() {
		t.Fatal("ended while there was room")
	}
	l.post(func() {})
	l.post(func() {}) // one is being run, so the mailbox holds one more
	close(release)
	siptest.Wait(t, leg.Ended)
	told.want(t, "ended 41 false")
}

// What the phone does while it is being called reaches the channel.
func TestAnOutgoingCallTellsHowItGoes(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, callee(phone))
	answer := r.offer(8, "PCMA", "sendrecv")
	t.Run("early media, then the answer", func(t *testing.T) {
		l, told := r.dial("callee")
		in := siptest.Wait(t, phone.Invites)
		if from := in.Request().From(); from.Display != "Ana" || from.URI.User != "100" {
			t.Errorf("From %s", from)
		}
		if err := in.Progress(ua.Reply{Status: 183, ContentType: answer.Type, Body: answer.Body}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "progress")
		if err := in.Progress(ua.Reply{}); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ringing")
		leg := siptest.NewLeg(t)
		// Within one dialog the first description counts, also against a later one.
		other := r.offer(0, "PCMU", "inactive")
		d, err := in.Accept(ua.Reply{ContentType: other.Type, Body: other.Body}, leg)
		if err != nil {
			t.Fatal(err)
		}
		told.want(t, "answered")
		if f := l.Info().Format; f.Codec.ConfName != "alaw" {
			t.Errorf("sends %v", f)
		}
		if err := d.Bye(siptest.Ctx(t), causes.Header(17)); err != nil {
			t.Fatal(err)
		}
		told.want(t, "ended 17 true")
	})
	for status, ended := range map[int]string{486: "ended 17 true", 404: "ended 1 true", 503: "ended 34 true"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			_, told := r.dial("callee")
			if err := siptest.Wait(t, phone.Invites).Reject(ua.Reply{Status: status}); err != nil {
				t.Fatal(err)
			}
			told.want(t, ended)
		})
	}
	t.Run("an answer without media", func(t *testing.T) {
		_, told := r.dial("callee")
		leg := phone.Answer(ua.Reply{})
		siptest.Wait(t, leg.Ended)
		told.want(t, "ended 58 false")
	})
	t.Run("hung up before it is sent", func(t *testing.T) {
		l, err := r.tech.Dial(t.Context(), signaling.DialRequest{Resource: "callee"})
		if err != nil {
			t.Fatal(err)
		}
		l.Hangup(signaling.CauseNormal) // as an engine does that takes no more channels
		siptest.Wait(t, l.(*leg).work.Done())
	})
}

// A connection may be lost just when the party answers: the race detector tells
// whether that is safe.
func TestAConnectionLostBeforeTheAnswer(t *testing.T) {
	r, phone := rawCallee(t)
	l, told := r.dial("callee")
	ok := r.ok(phone, phone.Want("INVITE")) // made before: what both sides share would order them
	l.connectionState(rtc.StateDisconnected)
	looked := make(chan struct{})
	l.post(func() { close(looked) })
	<-looked
	phone.Send(ok)
	phone.Skip("ACK")
	told.want(t, "answered")
	l.Hangup(signaling.CauseNormal)
	phone.Send(phone.Response(phone.Skip("BYE"), 200, "", nil, ""))
	told.want(t, "ended 16 false")
}

// Digits, refreshes and changes inside a call.
func TestRequestsInsideACall(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, callee(phone))
	_, told := r.dial("callee")
	answer := r.offer(0, "PCMU", "sendrecv")
	leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
	told.want(t, "answered")
	for _, tc := range []struct {
		name, method string
		content      ua.Content
		status       int
		told         string
	}{
		{"a digit", "INFO", ua.Content{Type: "application/dtmf-relay", Body: []byte("Signal=5\r\nDuration=160\r\n")}, 200, "digit 5 160ms"},
		{"no digit", "INFO", ua.Content{Type: "application/dtmf", Body: []byte("x")}, 415, ""},
		{"a keep-alive", "INFO", ua.Content{}, 200, ""},
		{"a ping", "OPTIONS", ua.Content{}, 200, ""},
		{"a refresh", "UPDATE", ua.Content{}, 200, ""},
		{"hold by UPDATE", "UPDATE", r.offer(0, "PCMU", "sendonly"), 200, "held true"},
		{"no codec by UPDATE", "UPDATE", r.offer(18, "G729", "sendrecv"), 488, ""},
		{"resume by UPDATE", "UPDATE", r.offer(0, "PCMU", "sendrecv"), 200, "held false"},
		{"what we do not do", "MESSAGE", ua.Content{Type: "text/plain", Body: []byte("hello")}, 501, ""},
		{"a transfer", "REFER", ua.Content{}, 603, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var extra []message.Header
			if tc.method == "REFER" {
				extra = append(extra, message.Header{Name: "Refer-To", Value: "<sip:1@127.0.0.1>"})
			}
			resp, err := leg.Dialog.Request(siptest.Ctx(t), tc.method, tc.content, extra...)
			if resp == nil {
				t.Fatal(err)
			}
			if resp.Status() != tc.status {
				t.Errorf("status %d, want %d", resp.Status(), tc.status)
			}
			if tc.told != "" {
				told.want(t, tc.told)
			}
		})
	}
	t.Run("a re-INVITE without an offer", func(t *testing.T) {
		resp, err := leg.Dialog.ReInvite(siptest.Ctx(t), ua.Content{})
		if err != nil {
			t.Fatal(err)
		}
		if body := string(resp.Body()); !strings.Contains(body, "m=audio") {
			t.Fatalf("offers\n%s", body)
		}
		if err := leg.Dialog.Ack(r.offer(8, "PCMA", "inactive")); err != nil {
			t.Fatal(err)
		}
		told.want(t, "held true")
	})
	if err := leg.Dialog.Bye(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	told.want(t, "ended 16 true")
}

// Digits go by INFO to who wants them so, one after another, and a party that does
// not answer them stops them.
func TestDigitsByInfo(t *testing.T) {
	phone := siptest.NewPhone(t, "callee", "udp")
	r := newRig(t, strings.Replace(callee(phone), "context = internal\n", "context = internal\ndtmf_mode = info\n", 1))
	l, told := r.dial("callee")
	if err := l.SendDigits("1", 100*time.Millisecond, 0, func() {}); fault.Of(err) != fault.Conflict {
		t.Errorf("before the answer: %v", err)
	}
	answer := r.offer(0, "PCMU", "sendrecv")
	leg := phone.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
	told.want(t, "answered")
	for digits, want := range map[string]fault.Kind{"": fault.Invalid, "1x": fault.Invalid, strings.Repeat("1", info.MaxDigits+1): fault.TooMany} {
		if err := l.SendDigits(digits, 100*time.Millisecond, 0, func() {}); fault.Of(err) != want {
			t.Errorf("%.10q: %v", digits, err)
		}
	}
	sent := make(chan struct{})
	if err := l.SendDigits("1w#", 80*time.Millisecond, 10*time.Millisecond, func() { close(sent) }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Signal=1\r\nDuration=80\r\n", "Signal=#\r\nDuration=80\r\n"} {
		info := siptest.Wait(t, leg.Requests)
		if got := string(info.Request().Body()); info.Request().Method() != "INFO" || got != want {
			t.Errorf("%s %q", info.Request().Method(), got)
		}
		if err := info.Respond(ua.Reply{}); err != nil {
			t.Fatal(err)
		}
	}
	siptest.Wait(t, sent)
	stopped := make(chan struct{})
	if err := l.SendDigits("23", 80*time.Millisecond, 0, func() { close(stopped) }); err != nil {
		t.Fatal(err)
	}
	if err := siptest.Wait(t, leg.Requests).Respond(ua.Reply{Status: 415}); err != nil {
		t.Fatal(err)
	}
	siptest.Wait(t, stopped)
	l.Hangup(signaling.CauseNormal)
	told.want(t, "ended 16 false")

	plain := siptest.NewPhone(t, "callee", "udp")
	r = newRig(t, callee(plain))
	l, told = r.dial("callee")
	plain.Answer(ua.Reply{ContentType: answer.Type, Body: answer.Body})
	told.want(t, "answered")
	if err := l.SendDigits("1", 100*time.Millisecond, 0, func() {}); fault.Of(err) != fault.Unsupported {
		t.Errorf("to a phone with telephone-events: %v", err)
	}
	l.Hangup(signaling.CauseNormal)
	told.want(t, "ended 16 false")
}

// A call that came in through a NAT is answered there, also inside its dialog.
func TestRewriteContactHoldsForIncomingCalls(t *testing.T) {
	r := newRig(t, anybody)
	phone := siptest.UDP(t, r.server.Addr("udp"))
	offer := r.offer(0, "PCMU", "sendrecv")
	phone.Send(fmt.Sprintf("INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnat;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:1001@192.0.2.1>;tag=a\r\nTo: <sip:600@127.0.0.1>\r\nCall-ID: nat\r\nCSeq: 1 INVITE\r\n"+
		"Contact: <sip:1001@192.0.2.1:5060>\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", r.to("600"), offer.Type, len(offer.Body), offer.Body))
	c := siptest.Wait(t, r.calls)
	ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	if err := c.Answer(ctx); err != nil {
		t.Fatal(err)
	}
	ok := phone.Skip("SIP/2.0 200")
	phone.Send(fmt.Sprintf("ACK %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnatack;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:1001@192.0.2.1>;tag=a\r\nTo: %s\r\nCall-ID: nat\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n", ok.URI("Contact"), ok.Header("To")))
	c.Hangup(signaling.CauseNormal)
	bye := phone.Skip("BYE")
	phone.Send(phone.Response(bye, 200, "", nil, ""))
	siptest.Wait(t, c.Gone())
}
