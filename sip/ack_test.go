package sip_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestNothingOvertakesTheACK: a dialog whose handler is busy sends its ACK late, and so all
// that follows.
func TestNothingOvertakesTheACK(t *testing.T) {
	phone := siptest.NewPhone(t, "alice")
	p := siptest.UDP(t, netip.AddrPort{})
	o := phone.Outbound(peerURI(p))
	o.ContentType, o.Body = "application/sdp", []byte(offer)
	leg := siptest.NewLeg(t)
	leg.Requests = make(chan *sip.InDialogRequest) // the handler waits for whoever reads
	if _, err := phone.Invite(siptest.Ctx(t), o, leg); err != nil {
		t.Fatal(err)
	}
	inv := p.Want("INVITE ")
	p.Send(p.Response(inv, 200, "callee", []string{p.Contact(), "Content-Type: application/sdp"}, answer))
	leg.Answered()
	p.Want("ACK ")
	inDialog(p, inv, "callee").Send("INFO", "")
	answered, ended := make(chan error, 1), make(chan error, 1)
	go func() { // ended by the answer
		_, err := leg.Dialog.ReInvite(siptest.Ctx(t), sip.Content{Type: "application/sdp", Body: []byte(offer)})
		answered <- err
	}()
	re := p.Want("INVITE ")
	p.Send(p.Response(re, 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, answer))
	if err := siptest.Wait(t, answered); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the answer
	p.NewCall(inv.URI("Contact")).Send("BYE", "")           // of no call
	for bye, acked := false, false; !bye; {
		switch m := p.Next(); {
		case m.Status() == 481: // a BYE that does not wait may well have come by now
			if err := siptest.Wait(t, leg.Requests).Respond(sip.Reply{}); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(m.Start, "ACK "):
			acked = true
		case strings.HasPrefix(m.Start, "BYE "):
			p.Send(p.Response(m, 200, "", nil, ""))
			if bye = true; !acked {
				t.Fatal("the BYE came first")
			}
		}
	}
	if err := siptest.Wait(t, ended); err != nil {
		t.Error(err)
	}
}
