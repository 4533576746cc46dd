package sip_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func peerURI(p *siptest.Peer) message.URI {
	a := p.Local()
	return message.URI{Scheme: "sip", User: "peer", Host: a.Addr().String(), Port: int(a.Port())}
}

// calling is a phone that calls a raw peer, and the INVITE as the peer got it.
func calling(t *testing.T, change func(*sip.Outbound)) (*siptest.Phone, *siptest.Peer, *siptest.Leg, *siptest.Message) {
	t.Helper()
	return callingWith(t, siptest.Config("udp"), change)
}

func callingWith(t *testing.T, cfg sip.Config, change func(*sip.Outbound)) (*siptest.Phone, *siptest.Peer, *siptest.Leg, *siptest.Message) {
	t.Helper()
	phone := siptest.NewPhoneWith(t, "alice", cfg)
	p := siptest.UDP(t, netip.AddrPort{})
	o := phone.Outbound(peerURI(p))
	o.ContentType, o.Body = "application/sdp", []byte(offer)
	if change != nil {
		change(&o)
	}
	leg := phone.Call(siptest.Ctx(t), o)
	return phone, p, leg, p.Want("INVITE ")
}

// called is such a call, answered.
func called(t *testing.T, change func(*sip.Outbound)) (*siptest.Phone, *siptest.Peer, *siptest.Leg, *siptest.Message) {
	t.Helper()
	return calledWith(t, siptest.Config("udp"), change)
}

func calledWith(t *testing.T, cfg sip.Config, change func(*sip.Outbound)) (*siptest.Phone, *siptest.Peer, *siptest.Leg, *siptest.Message) {
	t.Helper()
	phone, p, leg, inv := callingWith(t, cfg, change)
	p.Send(p.Response(inv, 200, "callee", []string{p.Contact(), "Content-Type: application/sdp"}, answer))
	leg.Answered()
	p.Skip("ACK ")
	return phone, p, leg, inv
}

// inDialog is a request of the peer's in the dialog of an INVITE that it got.
func inDialog(p *siptest.Peer, inv *siptest.Message, tag string) *siptest.Call {
	c := p.NewCall(inv.URI("Contact"))
	c.From, c.FromTag = "<"+inv.URI("To")+">", tag
	c.To, c.ToTag = "<"+inv.URI("From")+">", inv.Tag("From")
	c.ID = inv.Header("Call-ID")
	return c
}

func TestInviteHasWhatItNeeds(t *testing.T) {
	phone, p, leg, inv := calling(t, func(o *sip.Outbound) {
		o.Headers = []message.Header{{Name: "X-Id", Value: "7"}}
		o.MaxForwards = 12
		o.From.Display = `Al "the" ice`
	})
	a := phone.Addr("udp").String()
	for name, want := range map[string]string{
		"Max-Forwards": "12", "X-Id": "7", "CSeq": "1 INVITE", "Content-Type": "application/sdp",
		"Contact": "<sip:alice@" + a + ">", "To": "<sip:peer@" + p.Local().String() + ">",
		"From":       `"Al \"the\" ice" <sip:alice@127.0.0.1>;tag=` + inv.Tag("From"),
		"User-Agent": "Skybridge",
	} {
		if got := inv.Header(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if via := inv.Header("Via"); !strings.HasPrefix(via, "SIP/2.0/UDP "+a+";branch=z9hG4bK") || !strings.HasSuffix(via, ";rport") {
		t.Errorf("via %s", via)
	}
	p.Send(p.Response(inv, 404, "x", nil, ""))
	ack := p.Skip("ACK ")
	if ack.Header("Via") != inv.Header("Via") || ack.Tag("To") != "x" || ack.Header("CSeq") != "1 ACK" {
		t.Errorf("ack\n%s", ack.Text)
	}
	f := siptest.Wait(t, leg.Failed)
	var status *message.StatusError
	if fault.Of(f.Err) != fault.NotFound || f.Response.Status() != 404 || !errors.As(f.Err, &status) || status.Status != 404 {
		t.Errorf("failed %+v", f)
	}
}

func TestAckIsRepeatedWithTheAnswer(t *testing.T) {
	_, p, _, inv := called(t, nil)
	for range 3 {
		p.Send(p.Response(inv, 200, "callee", []string{p.Contact()}, ""))
		ack := p.Skip("ACK ")
		if ack.Header("CSeq") != "1 ACK" || ack.Header("Via") == inv.Header("Via") {
			t.Errorf("ack\n%s", ack.Text)
		}
	}
}

func TestForks(t *testing.T) {
	_, p, leg, inv := calling(t, nil)
	for _, tag := range []string{"a", "b"} {
		p.Send(p.Response(inv, 180, tag, []string{p.Contact()}, ""))
		if r := siptest.Wait(t, leg.Provisional); r.To().Tag() != tag {
			t.Errorf("fork %s said as %s", tag, r.To().Tag())
		}
	}
	// The dialog is known, but our offer is not answered in it.
	early := inDialog(p, inv, "b")
	early.Send("UPDATE", offer)
	p.Want("SIP/2.0 491")
	p.Send(p.Response(inv, 200, "b", []string{p.Contact()}, answer))
	leg.Answered()
	p.Skip("ACK ")
	// Another fork answers as well: ACK, then BYE (RFC 3261 §13.2.2.4).
	p.Send(p.Response(inv, 200, "a", []string{p.Contact()}, answer))
	if ack := p.Skip("ACK "); ack.Tag("To") != "a" {
		t.Errorf("ack\n%s", ack.Text)
	}
	bye := p.Skip("BYE ")
	if bye.Tag("To") != "a" {
		t.Errorf("bye\n%s", bye.Text)
	}
	p.Send(p.Response(bye, 200, "", nil, ""))
	if leg.Dialog.ID().RemoteTag != "b" {
		t.Errorf("dialog %+v", leg.Dialog.ID())
	}
	select {
	case e := <-leg.Ended:
		t.Errorf("ended: %+v", e)
	default:
	}
}

func TestCancelOurs(t *testing.T) {
	_, p, leg, inv := calling(t, nil)
	if err := leg.Invite.Cancel("x\r\ny"); fault.Of(err) != fault.Invalid {
		t.Errorf("reason with a line end: %v", err)
	}
	if err := leg.Invite.Cancel("SIP;cause=200"); err != nil {
		t.Fatal(err)
	}
	p.Send(p.Response(inv, 180, "a", nil, ""))
	cancel := p.Skip("CANCEL ")
	if cancel.Header("Via") != inv.Header("Via") || cancel.Header("CSeq") != "1 CANCEL" || cancel.Header("Reason") != "SIP;cause=200" {
		t.Errorf("cancel\n%s", cancel.Text)
	}
	p.Send(p.Response(cancel, 200, "a", nil, ""))
	p.Send(p.Response(inv, 487, "a", nil, ""))
	p.Skip("ACK ")
	if f := siptest.Wait(t, leg.Failed); fault.Of(f.Err) != fault.Canceled {
		t.Errorf("failed %v", f.Err)
	}
}

// TestCancelCrossesAnswer: the 2xx comes although we have canceled.
func TestCancelCrossesAnswer(t *testing.T) {
	_, p, leg, inv := calling(t, nil)
	p.Send(p.Response(inv, 180, "a", nil, ""))
	siptest.Wait(t, leg.Provisional)
	if err := leg.Invite.Cancel(""); err != nil {
		t.Fatal(err)
	}
	p.Skip("CANCEL ")
	p.Send(p.Response(inv, 200, "a", []string{p.Contact()}, answer))
	p.Skip("ACK ")
	bye := p.Skip("BYE ")
	p.Send(p.Response(bye, 200, "", nil, ""))
	if f := siptest.Wait(t, leg.Failed); fault.Of(f.Err) != fault.Canceled {
		t.Errorf("failed %v", f.Err)
	}
	if len(leg.Answers) != 0 {
		t.Error("answered")
	}
}

func TestContextCancels(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	p := siptest.UDP(t, netip.AddrPort{})
	ctx, cancel := context.WithCancel(context.Background())
	leg := phone.Call(ctx, phone.Outbound(peerURI(p)))
	inv := p.Want("INVITE ")
	p.Send(p.Response(inv, 100, "", nil, ""))
	cancel()
	p.Skip("CANCEL ")
	p.Send(p.Response(inv, 487, "a", nil, ""))
	siptest.Wait(t, leg.Failed)
}

func TestNobodyAnswers(t *testing.T) {
	_, _, leg, _ := callingWith(t, siptest.Repeating(siptest.T1, "udp"), nil)
	if f := siptest.Wait(t, leg.Failed); f.Response != nil || fault.Of(f.Err) != fault.Timeout {
		t.Errorf("failed %+v", f)
	}
}

func TestLateOfferOurs(t *testing.T) {
	_, p, leg, inv := calling(t, func(o *sip.Outbound) { o.ContentType, o.Body = "", nil })
	res := p.Response(inv, 200, "callee", []string{p.Contact(), "Content-Type: application/sdp"}, offer)
	p.Send(res)
	if r := leg.Answered(); string(r.Body()) != offer {
		t.Errorf("offer %q", r.Body())
	}
	p.Send(res) // no ACK before the answer is there
	if err := leg.Dialog.Ack(sip.Content{Type: "application/sdp", Body: []byte(answer)}); err != nil {
		t.Fatal(err)
	}
	if ack := p.Next(); !strings.HasPrefix(ack.Start, "ACK ") || ack.Body != answer {
		t.Errorf("got\n%s", ack.Text)
	}
	p.Send(res)
	if ack := p.Skip("ACK "); ack.Body != answer {
		t.Errorf("repeated\n%s", ack.Text)
	}
	if err := leg.Dialog.Ack(sip.Content{}); fault.Of(err) != fault.Conflict {
		t.Errorf("second Ack: %v", err)
	}
}

func TestReInviteOurs(t *testing.T) {
	_, p, leg, inv := calledWith(t, siptest.Repeating(200*time.Millisecond, "udp"), nil) // glare takes up to 8·T1
	ctx := siptest.Ctx(t)
	type result struct {
		r   *message.Response
		err error
	}
	reinvite := func() <-chan result {
		ch := make(chan result, 1)
		go func() { // ended by the answers below
			r, err := leg.Dialog.ReInvite(ctx, sip.Content{Type: "application/sdp", Body: []byte("again")})
			ch <- result{r, err}
		}()
		return ch
	}

	t.Run("accepted", func(t *testing.T) {
		got := reinvite()
		re := p.Skip("INVITE ")
		if re.Tag("To") != "callee" || re.Header("Call-ID") != inv.Header("Call-ID") || re.Header("CSeq") != "2 INVITE" {
			t.Errorf("re-INVITE\n%s", re.Text)
		}
		// Our offer is under way: the peer's is glare.
		other := inDialog(p, inv, "callee")
		other.Seq = 100
		other.Send("INVITE", offer)
		p.Skip("SIP/2.0 491")
		p.Send(other.Again("ACK", ""))
		p.Send(p.Response(re, 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, answer))
		if ack := p.Skip("ACK "); ack.Header("CSeq") != "2 ACK" {
			t.Errorf("ack\n%s", ack.Text)
		}
		if r := siptest.Wait(t, got); r.err != nil || string(r.r.Body()) != answer {
			t.Errorf("%+v", r)
		}
	})
	t.Run("glare", func(t *testing.T) {
		got := reinvite()
		first := p.Skip("INVITE ")
		p.Send(p.Response(first, 491, "", nil, ""))
		p.Skip("ACK ")
		second := p.Skip("INVITE ")
		for second.Header("CSeq") == first.Header("CSeq") { // repeated before the answer came
			second = p.Skip("INVITE ")
		}
		p.Send(p.Response(second, 200, "", []string{p.Contact()}, answer))
		if r := siptest.Wait(t, got); r.err != nil {
			t.Error(r.err)
		}
		p.Skip("ACK ")
	})
	t.Run("refused", func(t *testing.T) {
		got := reinvite()
		p.Send(p.Response(p.Skip("INVITE "), 488, "", nil, ""))
		p.Skip("ACK ")
		if r := siptest.Wait(t, got); fault.Of(r.err) != fault.NotAcceptable || r.r.Status() != 488 {
			t.Errorf("%+v", r)
		}
		select {
		case <-leg.Dialog.Done():
			t.Error("the dialog has ended")
		default:
		}
	})
	t.Run("481", func(t *testing.T) {
		got := reinvite()
		p.Send(p.Response(p.Skip("INVITE "), 481, "", nil, ""))
		if r := siptest.Wait(t, got); fault.Of(r.err) != fault.Gone {
			t.Errorf("%+v", r)
		}
		if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndUnknown {
			t.Errorf("end %+v", e)
		}
	})
}

func Test408EndsWithBye(t *testing.T) {
	_, p, leg, _ := called(t, nil)
	got := make(chan error, 1)
	go func() { // ended by the answer below
		_, err := leg.Dialog.Request(siptest.Ctx(t), "INFO", sip.Content{Type: "application/dtmf-relay", Body: []byte("Signal=1")})
		got <- err
	}()
	info := p.Skip("INFO ")
	if info.Body != "Signal=1" {
		t.Errorf("info\n%s", info.Text)
	}
	p.Send(p.Response(info, 408, "", nil, ""))
	if err := siptest.Wait(t, got); fault.Of(err) != fault.Timeout {
		t.Error(err)
	}
	bye := p.Skip("BYE ")
	p.Send(p.Response(bye, 200, "", nil, ""))
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndTimeout {
		t.Errorf("end %+v", e)
	}
}

// TestTargetRefresh: a re-INVITE's Contact is where our next request goes.
func TestTargetRefresh(t *testing.T) {
	_, p, leg, inv := called(t, nil)
	elsewhere := siptest.UDP(t, netip.AddrPort{})
	c := inDialog(p, inv, "callee")
	c.Send("INVITE", offer, "Contact: <sip:peer@"+elsewhere.Local().String()+";x=y>")
	if err := siptest.Wait(t, leg.ReInvites).Accept(sdp(answer)); err != nil {
		t.Fatal(err)
	}
	p.Skip("SIP/2.0 200")
	c.Ack("")
	siptest.Wait(t, leg.Acks)
	go func() { _ = leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer below
	bye := elsewhere.Skip("BYE ")
	if !strings.Contains(bye.Start, ";x=y ") {
		t.Errorf("bye %s", bye.Start)
	}
	elsewhere.Send(elsewhere.Response(bye, 200, "", nil, ""))
	siptest.Wait(t, leg.Ended)
}

// TestRewriteContact: the peer's Contact leads nowhere, its messages come from
// somewhere.
func TestRewriteContact(t *testing.T) {
	phone, p, leg, inv := calling(t, func(o *sip.Outbound) { o.RewriteContact = true })
	p.Send(p.Response(inv, 200, "callee", []string{"Contact: <sip:peer@127.0.0.1:1>"}, answer))
	leg.Answered()
	if ack := p.Skip("ACK "); !strings.HasPrefix(ack.Start, "ACK sip:peer@127.0.0.1:1 ") {
		t.Errorf("ack %s", ack.Start)
	}
	_ = phone
}

func TestRestore(t *testing.T) {
	phone, p, leg, inv := called(t, nil)
	st := leg.Dialog.State()
	if st.LocalSeq != 1 || !st.Caller || st.Target.Host != "127.0.0.1" || st.ID.RemoteTag != "callee" {
		t.Errorf("state %+v", st)
	}
	again := siptest.NewPhone(t, "alice") // another process, another port
	later := siptest.NewLeg(t)
	d, err := again.Restore(st, later)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Restore(st, later); fault.Of(err) != fault.Conflict {
		t.Errorf("twice: %v", err)
	}
	gone := st // its connection ended with the process
	gone.ID.CallID, gone.Flow = "gone", "tcp-gone-1"
	if d, err := again.Restore(gone, siptest.NewLeg(t)); err != nil || d.State().Flow != gone.Flow {
		t.Errorf("over a connection that ended: %v", err)
	}
	c := inDialog(siptest.UDP(t, again.Addr("udp")), inv, "callee")
	c.Send("INFO", "")
	if err := siptest.Wait(t, later.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	go func() { _ = d.Bye(siptest.Ctx(t)) }() // ended by the answer below
	bye := p.Skip("BYE ")
	if bye.Header("CSeq") != "2 BYE" || bye.Tag("From") != inv.Tag("From") {
		t.Errorf("bye\n%s", bye.Text)
	}
	p.Send(p.Response(bye, 200, "", nil, ""))
	siptest.Wait(t, later.Ended)
	_ = phone
}
