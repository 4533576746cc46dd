package sip_test

import (
	"log/slog"
	"strconv"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/overload"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// New work that is not taken gets 503 without a trace; what has been taken, and what
// belongs to a call, goes on.
func TestAdmission(t *testing.T) {
	gate := overload.New(overload.Default(), overload.Measure{}, slog.New(slog.DiscardHandler))
	defer gate.Close()
	cfg := siptest.Config("udp")
	cfg.Admission = gate
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	p := siptest.UDP(t, phone.Addr("udp"))
	uri := phone.URI("udp").String()

	call := p.NewCall(uri)
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	m := p.Skip("SIP/2.0 200")
	call.Take(m)
	call.Ack("")
	taken := p.NewCall(uri)
	text := taken.Request("INVITE", offer)
	p.Send(text)
	waiting := siptest.Wait(t, phone.Invites)
	gate.Drain()

	before := phone.Stats()
	for _, method := range []string{"INVITE", "SUBSCRIBE", "MESSAGE"} {
		c := p.NewCall(uri)
		c.Send(method, "")
		m := p.Skip("SIP/2.0 503")
		seconds, err := strconv.Atoi(m.Header("Retry-After"))
		if err != nil || seconds < 5 || seconds > 15 || m.Header("Call-ID") != c.ID {
			t.Errorf("%s:\n%s", method, m.Text)
		}
		if method == "INVITE" {
			p.Send(c.Again("ACK", "", "To: "+m.Header("To")))
		}
	}
	after := phone.Stats()
	if after.ServerTransactions > before.ServerTransactions || after.Refused != before.Refused+3 {
		t.Errorf("refused requests are kept: %+v, then %+v", before, after)
	}
	register := p.NewCall(uri)
	register.Send("REGISTER", "")
	if err := siptest.Wait(t, phone.Requests).Respond(sip.Reply{}); err != nil {
		t.Error(err)
	}
	p.Skip("SIP/2.0 200")

	// Again what was taken before, an offer in the call, and its end.
	p.Send(text)
	p.Send(text)
	if err := waiting.Reject(sip.Reply{Status: 486}); err != nil {
		t.Error(err)
	}
	m = p.Skip("SIP/2.0 486")
	p.Send(taken.Again("ACK", "", "To: "+m.Header("To")))
	call.Send("INVITE", offer)
	if err := siptest.Wait(t, leg.ReInvites).Accept(sdp(answer)); err != nil {
		t.Error(err)
	}
	p.Skip("SIP/2.0 200")
	call.Ack("")
	call.Send("BYE", "")
	p.Skip("SIP/2.0 200")
	siptest.Wait(t, leg.Ended)
}
