package sip_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestCancel(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	in := siptest.Wait(t, phone.Invites)
	if err := in.Progress(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	ringing := p.Want("SIP/2.0 180")
	p.Send(call.Again("CANCEL", "", `Reason: SIP;cause=200;text="Call completed elsewhere"`))
	canceled := p.Want("SIP/2.0 200")
	refused := p.Want("SIP/2.0 487")
	p.Send(call.Again("ACK", ""))
	if !strings.HasSuffix(canceled.Header("CSeq"), "CANCEL") || canceled.Tag("To") != ringing.Tag("To") || refused.Tag("To") != ringing.Tag("To") {
		t.Errorf("answers\n%s\n%s", canceled.Text, refused.Text)
	}
	siptest.Wait(t, in.Done())
	if fault.Of(in.Err()) != fault.Canceled || !strings.Contains(in.CancelRequest().Header("Reason"), "cause=200") {
		t.Errorf("%v %v", in.Err(), in.CancelRequest())
	}
	if _, err := in.Accept(sip.Reply{}, siptest.NewLeg(t)); fault.Of(err) != fault.Canceled {
		t.Errorf("accept: %v", err)
	}
	if err := in.Reject(sip.Reply{Status: 486}); fault.Of(err) != fault.Canceled {
		t.Errorf("reject: %v", err)
	}
}

// TestCancelAfterAnswer is the race that the answer wins.
func TestCancelAfterAnswer(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	call.Take(p.Want("SIP/2.0 200"))
	invite := *call
	invite.ToTag = ""
	p.Send(invite.Again("CANCEL", ""))
	for {
		if m := p.Next(); strings.HasSuffix(m.Header("CSeq"), "CANCEL") {
			if m.Status() != 200 {
				t.Errorf("CANCEL got\n%s", m.Text)
			}
			break
		}
	}
	call.Ack("")
	siptest.Wait(t, leg.Acks)
	call.Send("BYE", "")
	p.Skip("SIP/2.0 200")
	siptest.Wait(t, leg.Ended)
}

func TestByeInTheEarlyDialog(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	in := siptest.Wait(t, phone.Invites)
	if err := in.Progress(sip.Reply{}); err != nil {
		t.Fatal(err)
	}
	invite := *call
	call.Take(p.Want("SIP/2.0 180"))
	call.Send("UPDATE", offer)
	if m := p.Want("SIP/2.0 500"); m.Header("Retry-After") == "" {
		t.Errorf("UPDATE got\n%s", m.Text)
	}
	call.Send("BYE", "")
	p.Want("SIP/2.0 200")
	p.Want("SIP/2.0 487")
	p.Send(invite.Again("ACK", ""))
	siptest.Wait(t, in.Done())
	if fault.Of(in.Err()) != fault.Canceled || in.CancelRequest().Method() != "BYE" {
		t.Errorf("%v %v", in.Err(), in.CancelRequest())
	}
}

// TestByeBeforeAck: the caller may (RFC 3261 §15), and the 2xx is then repeated
// no more; we may not, and wait.
func TestByeBeforeAck(t *testing.T) {
	phone := siptest.NewPhone(t, "bob")
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	call.Take(p.Want("SIP/2.0 200"))
	call.Send("BYE", "")
	for m := p.Next(); !strings.HasSuffix(m.Header("CSeq"), "BYE"); m = p.Next() {
	}
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndRemote {
		t.Errorf("end %+v", e)
	}

	phone = siptest.NewPhoneWith(t, "bob", siptest.Repeating(100*time.Millisecond, "udp"))
	p = siptest.UDP(t, phone.Addr("udp"))
	call = p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg = phone.Answer(sdp(answer))
	call.Take(p.Skip("SIP/2.0 200"))
	bye := make(chan error, 1)
	go func() { bye <- leg.Dialog.Bye(siptest.Ctx(t)) }() // ended by the test's wait below
	p.Skip("SIP/2.0 200")                                 // repeated: no BYE yet
	call.Ack("")
	m := p.Skip("BYE ")
	p.Send(p.Response(m, 200, "", nil, ""))
	if err := siptest.Wait(t, bye); err != nil {
		t.Error(err)
	}
	siptest.Wait(t, leg.Ended)
	if err := leg.Dialog.Bye(siptest.Ctx(t)); fault.Of(err) != fault.Gone {
		t.Errorf("second BYE: %v", err)
	}
}

func TestNoAckEndsTheCall(t *testing.T) {
	phone := siptest.NewPhoneWith(t, "bob", siptest.Repeating(siptest.T1, "udp"))
	p := siptest.UDP(t, phone.Addr("udp"))
	call := p.NewCall(phone.URI("udp").String())
	call.Send("INVITE", offer)
	leg := phone.Answer(sdp(answer))
	call.Take(p.Want("SIP/2.0 200"))
	m := p.Skip("BYE ")
	p.Send(p.Response(m, 200, "", nil, ""))
	if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndNoAck || fault.Of(e.Err) != fault.Timeout {
		t.Errorf("end %+v", e)
	}
	if n := phone.Stats().Dialogs; n != 0 {
		t.Errorf("%d dialogs left", n)
	}
}
