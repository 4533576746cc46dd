package sip_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const offer, answer = "v=0 offer\r\n", "v=0 answer\r\n"

func sdp(body string) sip.Reply {
	return sip.Reply{ContentType: "application/sdp", Body: []byte(body)}
}

// established is a call from a raw peer to a phone, answered and acknowledged.
func established(t *testing.T, network string) (*siptest.Phone, *siptest.Call, *siptest.Leg) {
	t.Helper()
	phone := siptest.NewPhone(t, "bob", network)
	var p *siptest.Peer
	if network == "udp" {
		p = siptest.UDP(t, phone.Addr("udp"))
	} else {
		p = siptest.TCP(t, phone.Addr("tcp"))
	}
	call := p.NewCall(phone.URI(network).String())
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	call.Take(p.Want("SIP/2.0 200"))
	call.Ack("")
	siptest.Wait(t, leg.Acks)
	return phone, call, leg
}

func TestAnswerHasWhatADialogNeeds(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	rr := []string{
		"Record-Route: <sip:proxy2.example;lr>, <sip:proxy1.example;lr>",
		"Record-Route: <sip:" + p.Local().String() + ";lr>",
	}
	text := call.Request("INVITE", offer, rr[0])
	p.Send(strings.Replace(text, rr[0], rr[0]+"\r\n"+rr[1], 1))
	in := siptest.Wait(t, phone.Invites)
	if err := in.Progress(sip.Reply{Status: 183, ContentType: "application/sdp", Body: []byte(answer),
		Headers: []message.Header{{Name: "X-Early", Value: "yes"}}}); err != nil {
		t.Fatal(err)
	}
	early := p.Want("SIP/2.0 183 Session Progress")
	if _, err := in.Accept(sdp(answer), siptest.NewLeg(t)); err != nil {
		t.Fatal(err)
	}
	final := p.Want("SIP/2.0 200 OK")
	for _, m := range []*siptest.Message{early, final} {
		if m.Tag("To") != in.ID().LocalTag || m.Tag("From") != call.FromTag {
			t.Errorf("tags of\n%s", m.Text)
		}
		if got := strings.Join(m.Headers("Record-Route"), "|"); got != "<sip:proxy2.example;lr>, <sip:proxy1.example;lr>|<sip:"+p.Local().String()+";lr>" {
			t.Errorf("record-route %s", got)
		}
		if got := m.URI("Contact"); got != phone.URI("udp").String() {
			t.Errorf("contact %s", got)
		}
		if m.Body != answer || m.Header("Content-Type") != "application/sdp" {
			t.Errorf("body of\n%s", m.Text)
		}
	}
	if early.Header("X-Early") != "yes" || !strings.Contains(final.Header("Allow"), "UPDATE") {
		t.Errorf("headers of\n%s\n%s", early.Text, final.Text)
	}
	call.Take(final)
	call.Ack("")
}

func TestRequestsOfADialog(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			_, call, leg := established(t, network)
			p := call.Peer
			// Order is kept, whatever the handler's pace.
			for range 20 {
				call.Send("INFO", "")
			}
			first := siptest.Wait(t, leg.Requests)
			seq, _ := first.Request().CSeq()
			reqs := []*sip.InDialogRequest{first}
			for i := range 19 {
				r := siptest.Wait(t, leg.Requests)
				if n, _ := r.Request().CSeq(); n != seq+1+uint32(i) {
					t.Fatalf("INFO %d came after %d", n, seq+uint32(i))
				}
				reqs = append(reqs, r)
			}
			for _, r := range reqs {
				if err := r.Respond(sip.Reply{}); err != nil {
					t.Fatal(err)
				}
				p.Want("SIP/2.0 200")
			}
			// The same once more is answered by the transaction (over UDP).
			if network == "udp" {
				p.Send(call.Again("INFO", ""))
				p.Want("SIP/2.0 200")
			}
			// A lower CSeq is out of order.
			call.Seq -= 5
			call.Send("INFO", "")
			p.Want("SIP/2.0 500")
			call.Seq += 10
			call.Send("BYE", "", "Reason: Q.850;cause=16")
			p.Want("SIP/2.0 200")
			e := siptest.Wait(t, leg.Ended)
			if e.Cause != sip.EndRemote || e.Request.Header("Reason") != "Q.850;cause=16" {
				t.Errorf("end %+v", e)
			}
			call.Send("INFO", "")
			p.Want("SIP/2.0 481")
		})
	}
}

func TestUnknownDialogs(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	for _, method := range []string{"BYE", "INFO", "UPDATE", "INVITE", "NOTIFY", "OPTIONS"} {
		call := p.NewCall(phone.URI("udp").String())
		call.ToTag = "nobody"
		call.Send(method, "")
		p.Want("SIP/2.0 481")
		if method == "INVITE" {
			p.Send(call.Again("ACK", ""))
		}
	}
	for _, method := range []string{"BYE", "UPDATE", "CANCEL"} { // never without a tag
		p.NewCall(phone.URI("udp").String()).Send(method, "")
		p.Want("SIP/2.0 481")
	}
}

// TestSpoofedBye sends BYEs that know only a part of the dialog.
func TestSpoofedBye(t *testing.T) {
	phone, call, leg := established(t, "udp")
	stranger := siptest.UDP(t, phone.Addr("udp"))
	for _, change := range []func(*siptest.Call){
		func(c *siptest.Call) { c.ToTag = "x" },
		func(c *siptest.Call) { c.FromTag = "x" },
		func(c *siptest.Call) { c.ID = "x" },
	} {
		c := *call
		c.Peer = stranger
		change(&c)
		c.Send("BYE", "")
		stranger.Want("SIP/2.0 481")
	}
	select {
	case <-leg.Dialog.Done():
		t.Error("the call has ended")
	default:
	}
}

func TestReInvite(t *testing.T) {
	_, call, leg := established(t, "udp")
	p := call.Peer
	call.Send("INVITE", "hold")
	re := siptest.Wait(t, leg.ReInvites)
	if string(re.Request().Body()) != "hold" {
		t.Errorf("body %q", re.Request().Body())
	}
	// A second one before the answer to the first: RFC 3261 §14.2.
	first := *call
	call.Send("INVITE", "hold")
	if m := p.Want("SIP/2.0 500"); m.Header("Retry-After") == "" {
		t.Errorf("no Retry-After in\n%s", m.Text)
	}
	p.Send(call.Again("ACK", ""))
	if err := re.Accept(sdp("held")); err != nil {
		t.Fatal(err)
	}
	if m := p.Want("SIP/2.0 200"); m.Body != "held" {
		t.Errorf("body %q", m.Body)
	}
	first.Ack("")
	siptest.Wait(t, leg.Acks)
	// One that is refused leaves the dialog as it was.
	target := leg.Dialog.State().Target
	call.Send("INVITE", "bad", "Contact: <sip:elsewhere@127.0.0.1:1>")
	if err := siptest.Wait(t, leg.ReInvites).Reject(sip.Reply{Status: 488}); err != nil {
		t.Fatal(err)
	}
	p.Skip("SIP/2.0 488")
	p.Send(call.Again("ACK", ""))
	if got := leg.Dialog.State().Target; !got.Equal(target) {
		t.Errorf("target %s after a refusal, was %s", got, target)
	}
	// One that is canceled as well.
	call.Send("INVITE", "late")
	re = siptest.Wait(t, leg.ReInvites)
	p.Send(call.Again("CANCEL", ""))
	p.Skip("SIP/2.0 200")
	p.Skip("SIP/2.0 487")
	p.Send(call.Again("ACK", ""))
	siptest.Wait(t, re.Done())
	if err := re.Accept(sdp("x")); fault.Of(err) != fault.Conflict {
		t.Errorf("accept after CANCEL: %v", err)
	}
	call.Send("INFO", "")
	if err := siptest.Wait(t, leg.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	p.Skip("SIP/2.0 200")
}

func TestLateOffer(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	call := siptest.UDP(t, phone.Addr("udp")).NewCall(phone.URI("udp").String())
	call.Send("INVITE", "")
	leg := phone.Answer(sdp(offer))
	call.Take(call.Peer.Want("SIP/2.0 200"))
	// While the ACK is to bring the answer, another offer is glare.
	other := *call
	other.Send("INVITE", offer)
	call.Peer.Skip("SIP/2.0 491")
	call.Peer.Send(other.Again("ACK", ""))
	call.Ack(answer)
	if got := siptest.Wait(t, leg.Acks); string(got.Body()) != answer {
		t.Errorf("ACK with %q", got.Body())
	}
}

// TestRoutes checks that a BYE of ours takes the recorded route, loose and strict
// (RFC 3261 §12.2.1.1).
func TestRoutes(t *testing.T) {
	for _, c := range []struct{ name, param string }{{"loose", ";lr"}, {"strict", ""}} {
		t.Run(c.name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "bob")
			p := siptest.UDP(t, phone.Addr("udp"))
			call := p.NewCall(phone.URI("udp").String())
			hop := "<sip:" + p.Local().String() + c.param + ">"
			call.Send("INVITE", offer, "Record-Route: "+hop+", <sip:far.example;lr>", "Contact: <sip:caller@far.example>")
			leg := phone.Answer(sdp(answer))
			call.Take(p.Want("SIP/2.0 200"))
			call.Ack("")
			siptest.Wait(t, leg.Acks)
			go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
			m := p.Skip("BYE ")
			want := "BYE sip:caller@far.example SIP/2.0"
			route := hop + "|<sip:far.example;lr>"
			if c.name == "strict" {
				want = "BYE sip:" + p.Local().String() + " SIP/2.0"
				route = "<sip:far.example;lr>|<sip:caller@far.example>"
			}
			if m.Start != want || strings.Join(m.Headers("Route"), "|") != route {
				t.Errorf("got\n%s", m.Text)
			}
			p.Send(p.Response(m, 200, "", nil, ""))
			siptest.Wait(t, leg.Ended)
		})
	}
}

func TestOverlongAnswerOverUDP(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	call := siptest.UDP(t, phone.Addr("udp")).NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	body := strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", 200)
	leg := phone.Answer(sdp(body))
	m := call.Peer.Want("SIP/2.0 200")
	if m.Body != body {
		t.Errorf("%d bytes of %d", len(m.Body), len(body))
	}
	call.Take(m)
	call.Ack("")
	siptest.Wait(t, leg.Acks)
}
