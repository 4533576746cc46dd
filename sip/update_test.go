package sip_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestUpdate(t *testing.T) {
	_, call, leg := established(t, "udp")
	p := call.Peer
	call.Send("UPDATE", offer)
	up := siptest.Wait(t, leg.Requests)
	first := *call
	// Another offer while this one waits: RFC 3311 §5.2.
	call.Send("UPDATE", offer)
	if m := p.Want("SIP/2.0 500"); m.Header("Retry-After") == "" {
		t.Errorf("got\n%s", m.Text)
	}
	// Ours must wait as well.
	if _, err := leg.Dialog.Request(siptest.Ctx(t), "UPDATE", sip.Content{Type: "application/sdp", Body: []byte(offer)}); fault.Of(err) != fault.Conflict {
		t.Errorf("our UPDATE: %v", err)
	}
	if err := up.Respond(sdp(answer)); err != nil {
		t.Fatal(err)
	}
	m := p.Want("SIP/2.0 200")
	if m.Body != answer || m.URI("Contact") == "" || m.Header("CSeq") != fmt.Sprintf("%d UPDATE", first.Seq) {
		t.Errorf("got\n%s", m.Text)
	}
	// Refused, it changes nothing (RFC 3311 §5.2).
	call.Send("UPDATE", offer, "Contact: <sip:refused@127.0.0.1:1>")
	if err := siptest.Wait(t, leg.Requests).Respond(sip.Reply{Status: 488}); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 488")
	if got := leg.Dialog.State().Target.User; got == "refused" {
		t.Errorf("target %s", got)
	}
	// An empty one is no offer, and refreshes the target.
	call.Send("UPDATE", "", "Contact: <sip:elsewhere@127.0.0.1:1>")
	if err := siptest.Wait(t, leg.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	p.Want("SIP/2.0 200")
	if got := leg.Dialog.State().Target.User; got != "elsewhere" {
		t.Errorf("target %s", got)
	}
}

func TestUpdateOurs(t *testing.T) {
	_, p, leg, inv := called(t, nil)
	got := make(chan error, 1)
	go func() { // ended by the answer below
		_, err := leg.Dialog.Request(siptest.Ctx(t), "UPDATE", sip.Content{Type: "application/sdp", Body: []byte(offer)})
		got <- err
	}()
	up := p.Skip("UPDATE ")
	glare := inDialog(p, inv, "callee")
	glare.Send("UPDATE", offer)
	p.Skip("SIP/2.0 491")
	p.Send(p.Response(up, 200, "", []string{"Contact: <sip:moved@" + p.Local().String() + ">"}, answer))
	if err := siptest.Wait(t, got); err != nil {
		t.Error(err)
	}
	if u := leg.Dialog.State().Target.User; u != "moved" {
		t.Errorf("target %s", u)
	}
	for _, method := range []string{"INVITE", "BYE", "ACK", "CANCEL"} {
		if _, err := leg.Dialog.Request(siptest.Ctx(t), method, sip.Content{}); fault.Of(err) != fault.Invalid {
			t.Errorf("%s by Request: %v", method, err)
		}
	}
}

// TestSubscription: the notifier's side (RFC 6665).
func TestSubscription(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("SUBSCRIBE", "", "Event: presence", "Expires: 60")
	in := siptest.Wait(t, phone.Requests)
	if n, ok := in.Request().Expires(); n != 60 || !ok {
		t.Errorf("expires %d %v", n, ok)
	}
	leg := siptest.NewLeg(t)
	d, err := in.Accept(sip.Reply{Headers: []message.Header{{Name: "Expires", Value: "60"}}}, leg)
	if err != nil {
		t.Fatal(err)
	}
	call.Take(p.Want("SIP/2.0 200"))
	done := make(chan error, 1)
	notify := func(state string) {
		_, err := d.Request(siptest.Ctx(t), "NOTIFY", sip.Content{Type: "application/pidf+xml", Body: []byte("<presence/>")},
			message.Header{Name: "Event", Value: "presence"}, message.Header{Name: "Subscription-State", Value: state})
		done <- err
	}
	go notify("active;expires=60") // ended by the answer below
	m := p.Want("NOTIFY ")
	if m.Header("Subscription-State") != "active;expires=60" || m.Tag("To") != call.FromTag || m.Body != "<presence/>" {
		t.Errorf("notify\n%s", m.Text)
	}
	p.Send(p.Response(m, 200, "", nil, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
	call.Send("SUBSCRIBE", "", "Event: presence", "Expires: 0")
	if err := siptest.Wait(t, leg.Requests).Respond(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	if m := p.Want("SIP/2.0 200"); m.URI("Contact") == "" {
		t.Errorf("refresh\n%s", m.Text)
	}
	go notify("terminated") // ended by the answer below
	p.Send(p.Response(p.Want("NOTIFY "), 481, "", nil, ""))
	if err := siptest.Wait(t, done); fault.Of(err) != fault.Gone {
		t.Error(err)
	}
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndUnknown {
		t.Errorf("end %+v", e)
	}
}

func TestEarlyControls(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(strings.Replace(phone.URI("udp").String(), "bob@", "desk%207@", 1))
	call.Send("INVITE", offer, "Max-Forwards: 9", "Supported: a, b", "Supported: c")
	in := siptest.Wait(t, phone.Invites)
	req := in.Request()
	if req.MaxForwards() != 9 || strings.Join(req.Tokens("k"), "") != "c" || req.URI().User != "desk 7" || req.CallID() != call.ID {
		t.Errorf("request %v %v %v", req.MaxForwards(), req.Tokens("k"), req.URI())
	}
	in.SetRewriteContact(true)
	for _, bad := range []sip.Reply{{Status: 100}, {Status: 200}} {
		if err := in.Progress(bad); fault.Of(err) != fault.Invalid {
			t.Errorf("progress %d: %v", bad.Status, err)
		}
	}
	if err := in.Reject(sip.Reply{Status: 200}); fault.Of(err) != fault.Invalid {
		t.Errorf("reject 200: %v", err)
	}
	// What cannot be sent leaves the call as it is.
	if _, err := in.Accept(sip.Reply{Headers: []message.Header{{Name: "X", Value: "a\r\nb"}}}, siptest.NewLeg(t)); fault.Of(err) != fault.Invalid {
		t.Errorf("accept: %v", err)
	}
	if _, err := in.Accept(sdp(answer), siptest.NewLeg(t)); err != nil {
		t.Fatal(err)
	}
	ok := p.Want("SIP/2.0 200")
	if !strings.HasPrefix(ok.URI("Contact"), "sip:desk%207@") {
		t.Errorf("contact %s", ok.URI("Contact"))
	}
	if err := in.Reject(sip.Reply{Status: 486}); fault.Of(err) != fault.Conflict {
		t.Errorf("reject after accept: %v", err)
	}
	call.Take(ok)
	call.Ack("")
}

// panicky panics in an InviteHandler.
type panicky struct{ *siptest.Leg }

func (panicky) OnProvisional(*message.Response) { panic("at the ringing") }

func TestInviteHandlerPanics(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	p := siptest.UDP(t, netip.AddrPort{})
	leg := siptest.NewLeg(t)
	if _, err := phone.Invite(siptest.Ctx(t), phone.Outbound(peerURI(p)), panicky{leg}); err != nil {
		t.Fatal(err)
	}
	inv := p.Want("INVITE ")
	p.Send(p.Response(inv, 180, "x", nil, ""))
	p.Skip("CANCEL ")
	p.Send(p.Response(inv, 487, "x", nil, ""))
	if f := siptest.Wait(t, leg.Failed); fault.Of(f.Err) != fault.Internal {
		t.Errorf("failed %v", f.Err)
	}
}

// TestWildcardListener: bound to every address, the one that the peer is reached
// from is told.
func TestWildcardListener(t *testing.T) {
	cfg := siptest.Config("udp", "tcp")
	for i := range cfg.Transport.Listeners {
		cfg.Transport.Listeners[i].Address = "0.0.0.0:0"
	}
	s, err := sip.NewServer(cfg, siptest.Polite{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	p := siptest.UDP(t, netip.AddrPort{})
	o := sip.Outbound{Method: "OPTIONS", Target: peerURI(p), From: message.Address{URI: message.URI{Scheme: "sip", Host: "me"}}}
	done := make(chan error, 1)
	go func() { // ended by the answer below
		_, err := s.Request(siptest.Ctx(t), o)
		done <- err
	}()
	m := p.Skip("OPTIONS ")
	if !strings.HasPrefix(m.Header("Via"), "SIP/2.0/UDP 127.0.0.1:") {
		t.Errorf("via %s", m.Header("Via"))
	}
	p.Send(p.Response(m, 200, "x", nil, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
}

func TestKinds(t *testing.T) {
	for status, kind := range map[int]fault.Kind{
		302: fault.NotFound, 400: fault.Invalid, 401: fault.Unauthorized, 403: fault.Forbidden, 404: fault.NotFound,
		405: fault.Unsupported, 408: fault.Timeout, 413: fault.TooLarge, 429: fault.TooMany, 430: fault.Unreachable,
		480: fault.NoAnswer, 481: fault.Gone, 486: fault.Busy, 487: fault.Canceled, 488: fault.NotAcceptable,
		491: fault.Conflict, 499: fault.Invalid, 500: fault.Internal, 503: fault.Unavailable, 600: fault.Busy,
		603: fault.Declined, 699: fault.Declined,
	} {
		if got := message.KindOf(status); got != kind {
			t.Errorf("%d is %v, want %v", status, got, kind)
		}
	}
	for status, phrase := range map[int]string{
		100: "Trying", 199: "Early Dialog Terminated", 198: "Session Progress", 299: "OK", 399: "Redirect",
		486: "Busy Here", 499: "Request Failure", 599: "Server Failure", 699: "Global Failure",
	} {
		if got := message.ReasonPhrase(status); got != phrase {
			t.Errorf("%d is %q, want %q", status, got, phrase)
		}
	}
}
