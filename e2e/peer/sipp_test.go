package peer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const scenarios = "../../testdata/peers/sipp/"

// SIPp calls Asterisk, over each transport, and Asterisk hears its tone.
func TestSippCallsAsterisk(t *testing.T) {
	a := peer.Asterisk(t, peer.AsteriskConfig{})
	for _, tcp := range []bool{false, true} {
		t.Run(fmt.Sprintf("tcp=%v", tcp), func(t *testing.T) {
			s := peer.Sipp(t, peer.SippConfig{
				Scenario: scenarios + "call.xml",
				Target:   fmt.Sprintf("127.0.0.1:%d", a.SIP),
				Service:  "610440",
				Tone:     700,
				TCP:      tcp,
				Hold:     2500 * time.Millisecond,
			})
			peer.Hears(t, "asterisk", a.Recording("610440"), 700, 440)
			s.Wait(t)
		})
	}
}

// Asterisk calls SIPp and hears its tone, then hangs up.
func TestAsteriskCallsSipp(t *testing.T) {
	s := peer.Sipp(t, peer.SippConfig{Scenario: scenarios + "answer.xml", Tone: 900})
	a := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: `
[trunk](endpoint)
`})
	a.Call(t, fmt.Sprintf("trunk/sip:1001@127.0.0.1:%d", s.SIP), "610440")
	peer.Hears(t, "asterisk", a.Recording("610440"), 900, 440)
	a.Hangup(t)
	s.Wait(t)
}
