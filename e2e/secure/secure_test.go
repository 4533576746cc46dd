// Package secure_test holds the started server against real phones and a real Asterisk
// whose audio is encrypted: with keys in SDP, in every suite that the other side can, or
// with keys made by a handshake on the ports of the media, and never without where
// encryption is asked for.
package secure_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pjsip = `
[global]
type = global
endpoint_identifier_order = username,ip

[phone](!)
type = endpoint
context = internal
allow = !all,ulaw
rtp_symmetric = yes
rewrite_contact = yes

[account](!)
type = auth
auth_type = userpass

[address](!)
type = aor
max_contacts = 1
remove_existing = yes
`

// How each number's audio is to be encrypted.
var encryption = map[string]string{
	"1001": "media_encryption = sdes\n",
	"1002": "media_encryption = sdes\nsrtp_tag_32 = yes\n",
	"1003": "media_encryption = sdes\nmedia_encryption_optimistic = yes\n",
	"1004": "media_encryption = no\n",
	"1005": "media_encryption = dtls\ndtls_auto_generate_cert = yes\n",
	"1006": "media_encryption = dtls\nrtcp_mux = yes\n",
}

// A room lets encrypted phones in by one number and all by another.
const extensions = `
[internal]
exten => _100X,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => 620,1,ConfBridge(620)
exten => 621,1,GotoIf($["${CHANNEL(secure_bridge_media)}" = "1"]?:clear)
 same => n,ConfBridge(620)
 same => n(clear),Hangup(21)
exten => _61XXXX,1,Dial(PJSIP/${EXTEN}@asterisk,30)
`

type lab struct{ *server.Server }

// open starts a server with the phones; more is added to its pjsip.conf.
func open(t *testing.T, more string) lab {
	t.Helper()
	text := pjsip
	for _, n := range slices.Sorted(maps.Keys(encryption)) {
		text += fmt.Sprintf("\n[%[1]s](phone)\nauth = %[1]s\naors = %[1]s\n%[2]s[%[1]s](account)\nusername = %[1]s\npassword = secret%[1]s\n[%[1]s](address)\n",
			n, encryption[n])
	}
	return lab{server.Start(t, server.Config{
		Files: map[string]string{"pjsip.conf": text + more, "extensions.conf": extensions},
	})}
}

// phone starts a baresip, registered by TLS, that answers calls; enc is its mediaenc, ""
// for none.
func (l lab) phone(t *testing.T, number, enc string, tone int) *peer.BaresipPeer {
	t.Helper()
	cfg := peer.BaresipConfig{
		User: number, Password: "secret" + number, Server: fmt.Sprintf("127.0.0.1:%d", l.TLS), Transport: "tls",
		Register: true, Answer: true, Tone: tone,
	}
	if enc != "" {
		cfg.Account = ";mediaenc=" + enc
	}
	b := peer.Baresip(t, cfg)
	b.Registered(t)
	return b
}

// secured waits until a phone says that its audio is encrypted, and gives the suite.
func secured(t *testing.T, b *peer.BaresipPeer) string {
	t.Helper()
	e := b.Await(t, "CALL_MENC", "CALL_CLOSED")
	if e.Type != "CALL_MENC" {
		t.Fatalf("no encrypted call: %s", e.Param)
	}
	return e.Param[strings.LastIndex(e.Param, ",")+1:]
}

// Encrypted and other phones meet in a room, and each hears all others. (Three tones at
// full level are limited, which puts their differences beside them: so it is not asked
// whether a phone hears itself.)
func TestRoom(t *testing.T) {
	l := open(t, "")
	a := l.phone(t, "1001", "srtp-mandf", 500)
	b := l.phone(t, "1003", "srtp-mand", 877)
	c := l.phone(t, "1004", "", 1300)
	a.Dial(t, "621")
	b.Dial(t, "621")
	c.Dial(t, "620")
	for _, p := range []*peer.BaresipPeer{a, b, c} {
		p.Established(t)
	}
	for _, h := range []struct {
		who   string
		phone *peer.BaresipPeer
		other [2]float64
	}{{"1001", a, [2]float64{877, 1300}}, {"1003", b, [2]float64{500, 1300}}, {"1004", c, [2]float64{500, 877}}} {
		for _, hz := range h.other {
			peer.Hears(t, h.who, h.phone.Recording(), hz)
		}
	}
	for _, p := range []*peer.BaresipPeer{a, b, c} {
		p.Hangup(t)
		p.Closed(t)
	}
}

// converse holds a call to what it is: each party hears the tone of the other, over hold
// and resume by the called, until the caller hangs up.
func converse(t *testing.T, from, to *peer.BaresipPeer, tones [2]float64) {
	t.Helper()
	hear := func() {
		t.Helper()
		peer.Hears(t, "the caller", from.Recording(), tones[1], tones[0])
		peer.Hears(t, "the called", to.Recording(), tones[0], tones[1])
	}
	hear()
	to.Hold(t)
	to.Resume(t)
	hear()
	from.Hangup(t)
	from.Closed(t)
	to.Closed(t)
}

// Two phones talk in the suite that each side has agreed upon, over hold and resume.
func TestSuites(t *testing.T) {
	l := open(t, "")
	a, b := l.phone(t, "1001", "srtp-mand", 503), l.phone(t, "1002", "srtp-mand", 877)
	for _, c := range []struct {
		from, to *peer.BaresipPeer
		number   string
		tones    [2]float64
		suite    string // of the called
	}{
		{a, b, "1002", [2]float64{503, 877}, "AES_CM_128_HMAC_SHA1_32"},
		{b, a, "1001", [2]float64{877, 503}, "AEAD_AES_128_GCM"},
	} {
		t.Run(c.number, func(t *testing.T) {
			c.from.Dial(t, c.number)
			if got := secured(t, c.to); got != c.suite {
				t.Errorf("the called has %s, want %s", got, c.suite)
			}
			t.Logf("the caller has %s", secured(t, c.from))
			c.from.Established(t)
			converse(t, c.from, c.to, c.tones)
		})
	}
}

// Nothing is talked out of its encryption, nor into one that it does not have.
func TestRefused(t *testing.T) {
	l := open(t, "")
	plain := l.phone(t, "1004", "", 503)
	for _, c := range []struct {
		number, enc string
		refused     bool
	}{
		{"1001", "", true}, {"1002", "", true}, {"1003", "", false}, {"1003", "srtp", false}, {"1001", "srtp", false},
	} {
		t.Run(strings.TrimSpace(c.number+" "+c.enc), func(t *testing.T) {
			phone := l.phone(t, c.number, c.enc, 877)
			for _, call := range []struct {
				from, to *peer.BaresipPeer
				number   string
			}{{phone, plain, "1004"}, {plain, phone, c.number}} {
				call.from.Dial(t, call.number)
				if c.refused {
					if why := call.from.Closed(t); !strings.HasPrefix(why, "488") {
						t.Errorf("a call to %s ends with %s", call.number, why)
					}
					continue
				}
				call.from.Established(t)
				peer.Hears(t, "the phone", phone.Recording(), 503, 877)
				peer.Hears(t, "the one in the clear", plain.Recording(), 877, 503)
				call.from.Hangup(t)
				for _, p := range []*peer.BaresipPeer{phone, plain} {
					p.Closed(t)
				}
			}
		})
	}
	t.Run("1004 srtp-mandf", func(t *testing.T) {
		phone := l.phone(t, "1004", "srtp-mandf", 877)
		phone.Dial(t, "620")
		if why := phone.Closed(t); !strings.HasPrefix(why, "488") {
			t.Errorf("closed: %s", why)
		}
	})
}

// An Asterisk is called and calls with encryption, in the suites that it has.
func TestAsterisk(t *testing.T) {
	for _, c := range []struct{ name, ours, theirs, suite string }{
		{"sdes", "", "", "AEAD_AES_128_GCM"},
		{"tags of 32 bits", "srtp_tag_32 = yes\n", "srtp_tag_32 = yes\n", "AES_CM_128_HMAC_SHA1_32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := peer.FreePort(t)
			l := open(t, fmt.Sprintf("\n[asterisk](phone)\naors = asterisk\nmedia_encryption = sdes\n%s[asterisk]\ntype = aor\ncontact = sip:127.0.0.1:%d\n"+
				"[asterisk]\ntype = identify\nendpoint = asterisk\nmatch = 127.0.0.1\n", c.ours, port))
			asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, PJSIP: fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
from_user = asterisk
allow = !all,ulaw
media_encryption = sdes
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
			phone.Hangup(t)
			phone.Closed(t)
			if log := asterisk.Log(); !strings.Contains(log, "a=crypto:1 "+c.suite+" inline:") {
				t.Errorf("nothing on the wire has %s", c.suite)
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
