package secure_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// Two phones talk with DTLS-SRTP and without ICE, each as caller and as called, over hold
// and resume.
func TestHandshakes(t *testing.T) {
	l := open(t, "")
	a, b := l.phone(t, "1005", "dtls_srtp", 503), l.phone(t, "1006", "dtls_srtp", 877)
	for _, c := range []struct {
		from, to *peer.BaresipPeer
		number   string
		tones    [2]float64
	}{
		{a, b, "1006", [2]float64{503, 877}},
		{b, a, "1005", [2]float64{877, 503}},
	} {
		t.Run(c.number, func(t *testing.T) {
			c.from.Dial(t, c.number)
			c.from.Established(t)
			converse(t, c.from, c.to, c.tones)
		})
	}
}

// Phones with keys by a handshake meet others in a room; who has none is refused where a
// handshake is asked for.
func TestHandshakesAndOthers(t *testing.T) {
	l := open(t, "")
	a := l.phone(t, "1005", "dtls_srtp", 500)
	b := l.phone(t, "1001", "srtp-mandf", 877)
	c := l.phone(t, "1004", "", 1300)
	for _, p := range []*peer.BaresipPeer{a, b, c} {
		p.Dial(t, "620")
	}
	for _, p := range []*peer.BaresipPeer{a, b, c} {
		p.Established(t)
	}
	for _, h := range []struct {
		who   string
		phone *peer.BaresipPeer
		other [2]float64
	}{{"1005", a, [2]float64{877, 1300}}, {"1001", b, [2]float64{500, 1300}}, {"1004", c, [2]float64{500, 877}}} {
		for _, hz := range h.other {
			peer.Hears(t, h.who, h.phone.Recording(), hz)
		}
	}
	for _, p := range []*peer.BaresipPeer{a, b, c} {
		p.Hangup(t)
		p.Closed(t)
	}
	for _, enc := range []string{"", "srtp-mandf"} {
		t.Run("1005 "+enc, func(t *testing.T) {
			phone := l.phone(t, "1005", enc, 440)
			phone.Dial(t, "620")
			if why := phone.Closed(t); !strings.HasPrefix(why, "488") {
				t.Errorf("closed: %s", why)
			}
			c.Dial(t, "1005")
			if why := c.Closed(t); !strings.HasPrefix(why, "488") {
				t.Errorf("a call to it ends with %s", why)
			}
		})
	}
}

// An Asterisk is called and calls with DTLS-SRTP and without ICE, in either part of the
// handshake, with RTCP on a port of its own and on that of RTP.
func TestAsteriskHandshakes(t *testing.T) {
	for _, c := range []struct{ name, ours, theirs string }{
		{"actpass", "dtls_setup = actpass\n", "dtls_setup = actpass\n"},
		{"they begin", "dtls_setup = passive\nrtcp_mux = yes\n", "dtls_setup = active\nrtcp_mux = yes\n"},
		{"we begin", "dtls_setup = active\n", "dtls_setup = passive\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := peer.FreePort(t)
			l := open(t, fmt.Sprintf("\n[asterisk](phone)\naors = asterisk\nmedia_encryption = dtls\ndtls_verify = fingerprint\n%s[asterisk]\ntype = aor\ncontact = sip:127.0.0.1:%d\n"+
				"[asterisk]\ntype = identify\nendpoint = asterisk\nmatch = 127.0.0.1\n", c.ours, port))
			asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, PJSIP: fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
from_user = asterisk
allow = !all,ulaw
media_encryption = dtls
dtls_auto_generate_cert = yes
dtls_verify = fingerprint
%s[clear](endpoint)
aors = skybridge
from_user = asterisk
allow = !all,ulaw
[skybridge]
type = aor
contact = sip:127.0.0.1:%[2]d
[skybridge]
type = identify
endpoint = skybridge
match = 127.0.0.1
`, c.theirs, l.SIP)})
			if _, err := asterisk.CLI("pjsip set logger on"); err != nil {
				t.Fatal(err)
			}
			phone := l.phone(t, "1001", "srtp-mand", 500)
			phone.Dial(t, "611200")
			phone.Established(t)
			peer.Hears(t, "the phone", phone.Recording(), 1200, 500)
			peer.Hears(t, "asterisk", asterisk.Recording("611200"), 500, 1200)
			phone.Hold(t)
			phone.Resume(t)
			peer.Hears(t, "the phone", phone.Recording(), 1200, 500)
			phone.Hangup(t)
			phone.Closed(t)
			if log := asterisk.Log(); !strings.Contains(log, "UDP/TLS/RTP/SAVP") || !strings.Contains(log, "a=fingerprint:") {
				t.Error("no handshake was offered")
			}
			asterisk.Call(t, fmt.Sprintf("skybridge/sip:1001@127.0.0.1:%d", l.SIP), "611100")
			peer.Hears(t, "the phone", phone.Recording(), 1100, 500)
			peer.Hears(t, "asterisk", asterisk.Recording("611100"), 500, 1100)
			asterisk.Hangup(t)
			phone.Closed(t)

			asterisk.Call(t, fmt.Sprintf("clear/sip:1001@127.0.0.1:%d", l.SIP), "611300")
			peer.Eventually(t, "a call in the clear is refused", func() error {
				if log := asterisk.Log(); !strings.Contains(log, "SIP/2.0 488 ") {
					return fmt.Errorf("not yet")
				}
				return nil
			})
		})
	}
}
