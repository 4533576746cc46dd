package sip

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestDirectMediaOfSipp has sipp play the called phone, which is sent to the caller, taken back
// for a tap and sent there again.
func TestDirectMediaOfSipp(t *testing.T) {
	port := peer.FreePort(t)
	r := newRig(t, anybody+fmt.Sprintf("[callee]\ntype = endpoint\nallow = !all,ulaw\naors = callee\n[callee]\ntype = aor\ncontact = sip:callee@127.0.0.1:%d\n", port))
	r.house.Engine.AddTech(r.tech)
	near := r.handset()
	far := peer.Sipp(t, peer.SippConfig{
		Scenario: "../../../testdata/sip/services/direct.xml", SIP: port, Replace: []string{"NEAR", strconv.Itoa(int(near.address().Port()))},
	})
	near.leg = r.call(r.phone("1001"), "600", func(o *ua.Outbound) { o.Body = near.describe("sendrecv").Body })
	near.channel = siptest.Wait(t, r.calls)
	result := dial.Do(siptest.Ctx(t), r.house.Engine, dial.Plan{
		Targets: []dialstring.Target{{Tech: "PJSIP", Resource: "callee"}}, From: near.channel, Timeout: siptest.Patience,
	})
	if result.Channel == nil {
		t.Fatalf("%+v", result)
	}
	if err := near.channel.Answer(siptest.Ctx(t)); err != nil {
		t.Fatal(err)
	}
	ours := near.told(near.leg.Answered().Part(sdpType))
	b := r.house.Engine.NewBridge(signaling.BridgeConfig{Direct: true})
	t.Cleanup(b.Close)
	for _, m := range []*signaling.Channel{near.channel, result.Channel} {
		if err := b.Add(siptest.Ctx(t), m); err != nil {
			t.Fatal(err)
		}
	}
	if to := near.asked(); to == ours {
		t.Error("not sent to the other")
	}
	// The tap is there once both are back; sipp has been sent to the caller before that.
	r.house.Eventually("both are sent to each other", func() bool { return strings.Count(r.house.Log.String(), "audio goes past us") == 2 })
	tapped := make(chan *mixer.Tap, 1)
	go func() {
		tap, err := result.Channel.Tap(siptest.Ctx(t), mixer.TapConfig{In: true, SampleRate: 8000})
		if err != nil {
			t.Error(err)
		}
		tapped <- tap
	}()
	if to := near.asked(); to != ours {
		t.Errorf("sent to %v, not to us", to)
	}
	siptest.Wait(t, tapped).Close()
	near.asked()
	r.house.Eventually("both are sent to each other again", func() bool { return strings.Count(r.house.Log.String(), "audio goes past us") == 4 })
	result.Channel.Hangup(signaling.CauseNormal)
	far.Wait(t)
	near.channel.Hangup(signaling.CauseNormal)
	siptest.Wait(t, near.leg.Ended)
}
