package peer_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

const browserConf = `
[1002](browser)
auth = 1002
aors = 1002
[1002]
type = auth
auth_type = userpass
username = 1002
password = secret
[1002]
type = aor
max_contacts = 1
remove_existing = yes
`

// JsSIP and SIP.js, in a browser, register at Asterisk over a WebSocket and call
// its tone; each side hears the other.
func TestBrowserAndAsterisk(t *testing.T) {
	for _, lib := range []peer.Library{peer.JsSIP(t), peer.SIPJS(t)} {
		t.Run(lib.Name, func(t *testing.T) {
			a := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: browserConf})
			b := peer.SIPPage(t, lib, peer.ChromiumConfig{Tone: 600})
			b.Register(t, fmt.Sprintf("ws://127.0.0.1:%d/ws", a.HTTP), "1002", "secret")
			b.Call(t, "610440")
			peer.Hears(t, "the page", b.Recording(), 440, 600)
			peer.Hears(t, "asterisk", a.Recording("610440"), 600, 440)
		})
	}
}
