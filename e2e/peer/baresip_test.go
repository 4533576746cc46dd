package peer_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A phone of each codec registers at Asterisk, calls its tone, and each hears
// the other's tone and not its own.
func TestBaresipAndAsterisk(t *testing.T) {
	a := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: `
[1001](endpoint)
auth = 1001
aors = 1001
[1001]
type = auth
auth_type = userpass
username = 1001
password = secret
[1001]
type = aor
max_contacts = 1
remove_existing = yes
`})
	for _, codec := range []string{"PCMU", "PCMA", "G722", "opus"} {
		t.Run(codec, func(t *testing.T) {
			b := peer.Baresip(t, peer.BaresipConfig{
				User:     "1001",
				Password: "secret",
				Server:   fmt.Sprintf("127.0.0.1:%d", a.SIP),
				Register: true,
				Codecs:   []string{codec},
				Tone:     1000,
			})
			b.Registered(t)
			b.Dial(t, "610440")
			b.Established(t)
			peer.Hears(t, "the phone", b.Recording(), 440, 1000)
			peer.Hears(t, "asterisk", a.Recording("610440"), 1000, 440)
			b.Hangup(t)
			b.Closed(t)
		})
	}
}
