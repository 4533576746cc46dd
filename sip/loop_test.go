package sip_test

import (
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestAnInviteThatComesBack: a proxy sends our own INVITE back to us.
func TestAnInviteThatComesBack(t *testing.T) {
	phone, p, leg, inv := calling(t, nil)
	back := func(change ...string) {
		text := strings.Replace(inv.Text, "\r\n", "\r\nVia: SIP/2.0/UDP "+p.Local().String()+";branch="+siptest.ID("z9hG4bKproxy")+";rport\r\n", 1)
		p.Send(strings.NewReplacer(append(change, "Max-Forwards: 70", "Max-Forwards: 69")...).Replace(text))
	}
	back()
	if m := p.Want("SIP/2.0 482"); len(m.Headers("Via")) != 2 {
		t.Errorf("got\n%s", m.Text)
	}
	back("CSeq: 1 ", "CSeq: 2 ", "INVITE sip:peer@", "INVITE sip:alice@") // for somebody here
	in := siptest.Wait(t, phone.Invites)
	if err := in.Reject(sip.Reply{Status: 486}); err != nil {
		t.Fatal(err)
	}
	p.Skip("SIP/2.0 486")
	back("CSeq: 1 ", "CSeq: 3 ", "INVITE sip:peer@", "INVITE sip:alice@", "Max-Forwards: 70", "Max-Forwards: 0")
	p.Skip("SIP/2.0 483")
	p.Send(p.Response(inv, 486, "a", nil, ""))
	p.Skip("ACK ")
	siptest.Wait(t, leg.Failed)
}
