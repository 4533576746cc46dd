package sip

import (
	"testing"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// A caller whose connection ends while it rings has gone: who is called is not rung any
// more, and nothing of the call is left.
func TestACallerWhoseConnectionEnds(t *testing.T) {
	callee := siptest.NewPhone(t, "1002")
	r, _ := planned(t, anybody+phoneEndpoint("1002", callee))
	call := func() *ua.IncomingInvite {
		// Its end closes the connection.
		var in *ua.IncomingInvite
		t.Run("caller", func(t *testing.T) {
			p := siptest.TCP(t, r.server.Addr("tcp"))
			c := p.NewCall(r.to("1002").String())
			c.From = "<sip:1001@127.0.0.1>"
			c.Send("INVITE", string(r.offer(0, "PCMU", "sendrecv").Body))
			in = siptest.Wait(t, callee.Invites)
			if err := in.Progress(ua.Reply{Status: 180}); err != nil {
				t.Fatal(err)
			}
			p.Skip("SIP/2.0 180")
		})
		return in
	}
	for range 3 {
		in := call()
		if in == nil {
			t.FailNow()
		}
		siptest.Wait(t, in.Done())
		if in.CancelRequest() == nil {
			t.Errorf("the phone rings on: %v", in.Err())
		}
	}
	r.portsClosed()
	r.house.Eventually("no dialog and no channel is left", func() bool {
		return r.server.Stats().Dialogs == 0 && len(r.house.Engine.Channels()) == 0
	})
}
