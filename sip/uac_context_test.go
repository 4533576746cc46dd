package sip_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// Who takes a call back with a reason does so alone: the end of the context, which may come
// in the same moment, sends no CANCEL without one.
func TestContextCancelsNothing(t *testing.T) {
	phone, p := siptest.NewPhone(t, "bob"), siptest.UDP(t, netip.AddrPort{})
	ctx, cancel := context.WithCancel(t.Context())
	o := phone.Outbound(peerURI(p))
	o.KeepsGoing = true
	leg := siptest.NewLeg(t)
	out, err := phone.Invite(ctx, o, leg)
	if err != nil {
		t.Fatal(err)
	}
	invite := p.Want("INVITE ")
	p.Send(p.Response(invite, 100, "", nil, ""))
	p.Send(p.Response(invite, 180, "a", []string{p.Contact()}, ""))
	siptest.Wait(t, leg.Provisional)
	cancel()
	p.Quiet()
	const reason = `SIP;cause=200;text="Call completed elsewhere"`
	if err := out.Cancel(reason); err != nil {
		t.Fatal(err)
	}
	m := p.Want("CANCEL ")
	if m.Header("Reason") != reason {
		t.Errorf("canceled with\n%s", m.Text)
	}
	p.Send(p.Response(m, 200, "", nil, ""))
	p.Send(p.Response(invite, 487, "a", nil, ""))
	p.Want("ACK ")
	siptest.Wait(t, leg.Failed)
}
