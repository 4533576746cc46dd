package sip

import (
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// TestCarriers has sipp play carriers that call 600, over UDP and TCP.
func TestCarriers(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/sip/carrier/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(filepath.Base(file)+"/"+network, func(t *testing.T) {
				r := newRig(t, anybody)
				sipp := peer.Sipp(t, peer.SippConfig{Scenario: file, Target: r.server.Addr(network).String(), TCP: network == "tcp"})
				c := siptest.Wait(t, r.calls)
				if err := c.Answer(siptest.Ctx(t)); err != nil {
					t.Fatal(err)
				}
				sipp.Wait(t)
				siptest.Wait(t, c.Gone())
			})
		}
	}
}
