package registrar

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
)

// TestScenarios has sipp play the phone, over UDP and TCP.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../testdata/sip/registrar/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(filepath.Base(file)+"/"+network, func(t *testing.T) {
				t.Parallel()
				p := servePBX(t, func(a *AOR, _ *digest.Config) { a.MinExpiration = 2 * time.Second })
				peer.Sipp(t, peer.SippConfig{Scenario: file, Target: p.server.Addr(network).String(), TCP: network == "tcp"}).Wait(t)
				for aor, bs := range p.registrar.All() {
					if len(bs) != 0 {
						t.Errorf("%s is left with %v", aor, bs)
					}
				}
			})
		}
	}
}
