package siptest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPhonesCall(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			alice, bob := siptest.NewPhone(t, "alice", network), siptest.NewPhone(t, "bob", network)
			ctx := siptest.Ctx(t)
			o := alice.Outbound(bob.URI(network))
			o.ContentType, o.Body = "application/sdp", []byte("v=0\r\n")
			call := alice.Call(ctx, o)
			in := siptest.Wait(t, bob.Invites)
			if got := string(in.Request().Body()); got != "v=0\r\n" {
				t.Errorf("body %q", got)
			}
			if err := in.Progress(sip.Reply{}); err != nil {
				t.Fatal(err)
			}
			if r := siptest.Wait(t, call.Provisional); r.Status() != 180 {
				t.Errorf("provisional %d", r.Status())
			}
			leg := siptest.NewLeg(t)
			d, err := in.Accept(sip.Reply{ContentType: "application/sdp", Body: []byte("v=1\r\n")}, leg)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(call.Answered().Body()); got != "v=1\r\n" {
				t.Errorf("answer %q", got)
			}
			siptest.Wait(t, leg.Acks)
			if err := d.Bye(ctx); err != nil {
				t.Errorf("bye: %v", err)
			}
			if e := siptest.Wait(t, call.Ended); e.Cause != sip.EndRemote || e.Request == nil {
				t.Errorf("caller's end %+v", e)
			}
			if e := siptest.Wait(t, leg.Ended); e.Cause != sip.EndLocal {
				t.Errorf("callee's end %+v", e)
			}
		})
	}
}

func TestPeerCalls(t *testing.T) {
	phone := siptest.NewPhone(t, "bob", "udp")
	call := siptest.UDP(t, phone.Addr("udp")).NewCall(phone.URI("udp").String())
	call.Send("INVITE", "v=0\r\n")
	leg := phone.Answer(sip.Reply{})
	call.Take(call.Peer.Want("SIP/2.0 200"))
	call.Ack("")
	siptest.Wait(t, leg.Acks)
	call.Send("BYE", "")
	call.Peer.Want("SIP/2.0 200")
	siptest.Wait(t, leg.Ended)
}
