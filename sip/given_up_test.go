package sip_test

import (
	"context"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A re-INVITE that was given up keeps others back until its final response (RFC 3261 §14.1).
func TestReInviteGivenUp(t *testing.T) {
	cfg := siptest.Config("udp")
	cfg.T1 = 50 * time.Millisecond // the BYE at the end has no answer
	phone := siptest.NewPhoneWith(t, "bob", cfg)
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := siptest.NewLeg(t)
	d, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), leg)
	if err != nil {
		t.Fatal(err)
	}
	call.Take(p.Skip("SIP/2.0 200"))
	call.Ack("")
	siptest.Wait(t, leg.Acks)

	again := sip.Content{Type: "application/sdp", Body: []byte(offer)}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { // ended by cancel
		defer close(over)
		if _, err := d.ReInvite(ctx, again); err == nil {
			t.Error("a re-INVITE that was given up succeeds")
		}
	}()
	first := p.Want("INVITE ")
	p.Send(p.Response(first, 180, "", nil, ""))
	cancel()
	siptest.Wait(t, over)
	canceled := p.Want("CANCEL ")
	if _, err := d.Offer(siptest.Ctx(t), "INVITE", again); fault.Of(err) != fault.Conflict {
		t.Errorf("while it is not over: %v", err)
	}
	p.Send(p.Response(canceled, 200, "", nil, ""))
	p.Send(p.Response(first, 487, "", nil, ""))
	p.Want("ACK ")

	next := make(chan error, 1)
	go func() { // ended by the answer
		_, err := d.ReInvite(siptest.Ctx(t), again)
		next <- err
	}()
	p.Send(p.Response(p.Want("INVITE "), 488, "", nil, ""))
	if err := siptest.Wait(t, next); err == nil {
		t.Error("a refused one succeeds")
	}
}

// The 2xx that crosses the CANCEL of a re-INVITE is acknowledged. Where it has the offer, which
// that ACK had to answer, the call is hung up.
func TestA2xxOfAReInviteGivenUp(t *testing.T) {
	for name, content := range map[string]sip.Content{"our offer": {Type: "application/sdp", Body: []byte(offer)}, "theirs": {}} {
		t.Run(name, func(t *testing.T) {
			phone := siptest.NewPhone(t, "bob")
			p := siptest.UDP(t, phone.Addr("udp"))
			call := p.NewCall(phone.URI("udp").String())
			call.Send("INVITE", offer)
			leg := siptest.NewLeg(t)
			d, err := siptest.Wait(t, phone.Invites).Accept(sdp(answer), leg)
			if err != nil {
				t.Fatal(err)
			}
			call.Take(p.Skip("SIP/2.0 200"))
			call.Ack("")
			siptest.Wait(t, leg.Acks)
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan struct{})
			go func() { // ended by cancel
				defer close(over)
				if _, err := d.ReInvite(ctx, content); err == nil {
					t.Error("a re-INVITE that was given up succeeds")
				}
			}()
			again := p.Want("INVITE ")
			p.Send(p.Response(again, 180, "", nil, ""))
			cancel()
			siptest.Wait(t, over)
			p.Send(p.Response(p.Want("CANCEL "), 200, "", nil, ""))
			p.Send(p.Response(again, 200, "", []string{p.Contact(), "Content-Type: application/sdp"}, offer))
			p.Skip("ACK ")
			if name == "theirs" {
				p.Send(p.Response(p.Skip("BYE "), 200, "", nil, ""))
				if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndLocal {
					t.Errorf("ended by %v", e.Cause)
				}
				return
			}
			call.Send("BYE", "")
			p.Skip("SIP/2.0 200")
		})
	}
}
