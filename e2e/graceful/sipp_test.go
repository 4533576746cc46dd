package graceful_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// SIPp's call outlives the endpoint that it came by: a reload takes that away, who is new
// gets in, and the call is hung up when it is wanted.
func TestReloadUnderSIPp(t *testing.T) {
	const endpoint = "[sipp](phone)\n[sipp]\ntype = identify\nendpoint = sipp\nmatch = 127.0.0.1\n"
	s := start(t, nil, endpoint)
	caller := peer.Sipp(t, peer.SippConfig{
		Scenario: "../../testdata/sip/phones/call.xml", Target: fmt.Sprintf("127.0.0.1:%d", s.SIP), Service: "600",
		Args: []string{"-key", "ear", strconv.Itoa(peer.FreePort(t))},
	})
	peer.Eventually(t, "the call stands", func() error {
		if out := s.RX(t, "core show channels"); !strings.Contains(out, "Echo") {
			return fmt.Errorf("channels:\n%s", out)
		}
		return nil
	})
	rewrite(t, s, phone("1001", ""))
	if out := s.RX(t, "core reload"); !strings.Contains(out, "reloaded") {
		t.Fatal(out)
	}
	if got := register(t, s, "1001"); got != 200 {
		t.Errorf("who is new gets %d", got)
	}
	if n := s.Resources(t)["channels"]; n != 1 {
		t.Errorf("%d channels after the reload", n)
	}
	s.RX(t, "channel request hangup all")
	caller.Wait(t)
}
