package sip_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// impatient is a phone that calls a name with two addresses, and waits for the first
// response of each for a moment only. Without that it would wait for minutes.
func impatient(t *testing.T) (leg *siptest.Leg, first, second *siptest.Peer) {
	t.Helper()
	first, second = siptest.UDP(t, netip.AddrPort{}), siptest.UDP(t, netip.AddrPort{})
	cfg := siptest.Config("udp")
	cfg.Resolver = places{
		{Network: "udp", Addr: first.Local(), Host: "a"},
		{Network: "udp", Addr: second.Local(), Host: "b"},
	}
	phone := siptest.NewPhoneWith(t, "alice", cfg)
	o := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: "service.example"})
	o.ContentType, o.Body, o.Patience = "application/sdp", []byte(offer), 50*time.Millisecond
	return phone.Call(siptest.Ctx(t), o), first, second
}

// Who says nothing at all is left for the next destination; should it answer late, it is
// acknowledged and hung up, and the call is the other one's.
func TestPatienceEnds(t *testing.T) {
	leg, first, second := impatient(t)
	lost := first.Want("INVITE ")
	inv := second.Want("INVITE ")
	first.Send(first.Response(lost, 200, "late", []string{first.Contact(), "Content-Type: application/sdp"}, answer))
	first.Skip("ACK ")
	bye := first.Skip("BYE ")
	first.Send(first.Response(bye, 200, "", nil, ""))
	second.Send(second.Response(inv, 200, "callee", []string{second.Contact(), "Content-Type: application/sdp"}, answer))
	if r := leg.Answered(); r.To().Tag() != "callee" {
		t.Errorf("the call is with %q", r.To().Tag())
	}
	second.Skip("ACK ")
}

// What rings late is canceled; what has said anything in time is waited for.
func TestPatienceIsForSilence(t *testing.T) {
	leg, first, second := impatient(t)
	lost := first.Want("INVITE ")
	inv := second.Want("INVITE ")
	second.Send(second.Response(inv, 100, "", nil, ""))
	first.Send(first.Response(lost, 180, "late", []string{first.Contact()}, ""))
	cancel := first.Skip("CANCEL ")
	first.Send(first.Response(cancel, 200, "", nil, ""))
	first.Send(first.Response(lost, 487, "late", nil, ""))
	first.Skip("ACK ")
	second.Send(second.Response(inv, 180, "callee", []string{second.Contact()}, ""))
	if r := siptest.Wait(t, leg.Provisional); r.To().Tag() != "callee" {
		t.Errorf("%q rings", r.To().Tag())
	}
	second.Send(second.Response(inv, 486, "callee", nil, ""))
	if f := siptest.Wait(t, leg.Failed); f.Response == nil || f.Response.Status() != 486 {
		t.Errorf("failed %+v", f)
	}
}

func TestPatienceWithNobody(t *testing.T) {
	leg, first, second := impatient(t)
	first.Want("INVITE ")
	second.Want("INVITE ")
	if f := siptest.Wait(t, leg.Failed); f.Response != nil || fault.Of(f.Err) != fault.Timeout {
		t.Errorf("failed %+v", f)
	}
}

// lost is a resolver that never finds out.
type lost struct{}

func (lost) Resolve(ctx context.Context, _ message.URI, _ string) ([]transport.Destination, error) {
	<-ctx.Done()
	return nil, fault.New(fault.Timeout, "look up: %w", ctx.Err())
}

// Who does not find out where to go waits no longer than for an answer.
func TestPatienceWithoutAWay(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.Resolver = lost{}
	phone := siptest.NewPhoneWith(t, "alice", cfg)
	o := phone.Outbound(message.URI{Scheme: "sip", User: "x", Host: "service.example"})
	o.Patience = 20 * time.Millisecond
	if _, err := phone.Invite(siptest.Ctx(t), o, siptest.NewLeg(t)); fault.Of(err) != fault.Timeout {
		t.Errorf("%v", err)
	}
}
