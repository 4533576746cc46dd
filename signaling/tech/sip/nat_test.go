package sip

import (
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// behind are phones that cannot be reached where they say that they are: what their endpoint
// and their AOR have, and the scenarios of testdata/sip/nat by which they register and are called.
var behind = map[string]struct{ endpoint, aor, registers, called string }{
	"a NAT":   {"rewrite_contact = yes\nforce_rport = yes\nrtp_symmetric = yes\n", "", "registers", "called"},
	"a proxy": {"rewrite_contact = no\n", "support_path = yes\n", "registers-by-proxy", "called-by-proxy"},
}

// TestPhonesBehind has sipp be a phone behind something.
func TestPhonesBehind(t *testing.T) {
	for name, b := range behind {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "[1001]\ntype = endpoint\ncontext = internal\nallow = !all,ulaw\naors = 1001\n"+b.endpoint+
				"[1001]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n"+b.aor)
			port := peer.FreePort(t)
			scenario := func(name, target string) *peer.SippPeer {
				return peer.Sipp(t, peer.SippConfig{Scenario: filepath.Join("../../../testdata/sip/nat", name+".xml"), Target: target, SIP: port})
			}
			scenario(b.registers, r.server.Addr("udp").String()).Wait(t)
			phone := scenario(b.called, "")
			l, told := r.dial("1001")
			told.want(t, "answered")
			l.Hangup(signaling.CauseNormal)
			told.want(t, "ended 16 false")
			phone.Wait(t)
			r.portsClosed()
		})
	}
}
