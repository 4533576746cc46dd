package phones_test

import (
	"crypto/md5" //nolint:gosec // what phones speak
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// hashes are the digests as RFC 7616 §3.4 and RFC 8760 §2 have them.
var hashes = map[string]func(...string) string{
	"MD5": func(parts ...string) string {
		sum := md5.Sum([]byte(strings.Join(parts, ":"))) //nolint:gosec // see above
		return hex.EncodeToString(sum[:])
	},
	"SHA-256": func(parts ...string) string {
		sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	},
}

// hashed is an account of which only the SHA-256 of its password is known.
var hashed = `
[1004](phone)
auth = 1004
aors = 1004
[1004]
type = auth
username = 1004
password_digest = SHA-256:` + hashes["SHA-256"]("1004", "asterisk", "secret") + `
[1004]
type = aor
max_contacts = 1
remove_existing = yes
`

// challenged sends a request without credentials, and gives the challenges by
// algorithm and the algorithms in their order.
func challenged(t *testing.T, call *siptest.Call, method string) (map[string]digest.Challenge, []string) {
	t.Helper()
	call.Send(method, "")
	m := call.Peer.Want("SIP/2.0 401")
	if method == "INVITE" {
		call.Peer.Send(call.Again("ACK", "", "To: "+m.Header("To")))
	}
	byName, order := make(map[string]digest.Challenge), []string(nil)
	for _, header := range m.Headers("WWW-Authenticate") {
		c, err := digest.ParseChallenge(header)
		if err != nil {
			t.Fatalf("%v\n%s", err, m.Text)
		}
		byName[c.Algorithm], order = c, append(order, c.Algorithm)
	}
	return byName, order
}

// proof is the credentials for a challenge, computed here.
func proof(c digest.Challenge, user, password, method, uri, algorithm string) siptest.Line {
	const nc, cnonce, qop = "00000001", "0a4f113b", "auth"
	h := hashes[algorithm]
	response := h(h(user, c.Realm, password), c.Nonce, nc, cnonce, qop, h(method, uri))
	return fmt.Sprintf(`Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=%s, cnonce="%s", qop=%s, nc=%s`,
		user, c.Realm, c.Nonce, uri, response, algorithm, cnonce, qop, nc)
}

// as is a call of a user.
func as(p *siptest.Peer, user, uri string) *siptest.Call {
	call := p.NewCall(uri)
	call.From = "<sip:" + user + "@127.0.0.1>"
	return call
}

// A phone proves its password by SHA-256 where the settings offer it, first or alone
// or beside MD5, and the phone may choose; where they do not, it cannot. An account of which
// a hash alone is known is asked for that one, whatever others are.
func TestPhonesProveThemselvesBySHA256(t *testing.T) {
	for _, offered := range []string{"SHA-256,MD5", "SHA-256", "MD5"} {
		t.Run(offered, func(t *testing.T) {
			s := server.Start(t, server.Config{
				Files: map[string]string{
					"pjsip.conf":      phonesOnly + hashed,
					"extensions.conf": "[internal]\nexten => 600,1,Hangup(17)\n",
				},
				Set: map[string]string{"sip.algorithms": offered},
			})
			p := siptest.UDP(t, netip.MustParseAddrPort(at(s.SIP)))
			for _, tc := range []struct {
				user, password, algorithm string
				registers                 bool
			}{
				{"1001", "secret", "SHA-256", strings.Contains(offered, "SHA-256")},
				{"1002", "secret", "MD5", strings.Contains(offered, "MD5")},
				{"1004", "secret", "SHA-256", true},
				{"1004", "secret", "MD5", false},
				{"1003", "wrong", "SHA-256", false},
			} {
				const uri = "sip:127.0.0.1"
				call := as(p, tc.user, uri)
				call.To = call.From
				challenges, order := challenged(t, call, "REGISTER")
				want := offered
				if tc.user == "1004" {
					want = "SHA-256"
				}
				if got := strings.Join(order, ","); got != want {
					t.Errorf("%s is offered %s", tc.user, got)
				}
				c, ok := challenges[tc.algorithm]
				if !ok { // a phone that tries all the same
					c = challenges[order[0]]
				}
				call.Send("REGISTER", "", proof(c, tc.user, tc.password, "REGISTER", uri, tc.algorithm))
				if m := p.Next(); (m.Status() == 200) != tc.registers || !tc.registers && m.Status() != 401 {
					t.Errorf("%s by %s:\n%s", tc.user, tc.algorithm, m.Text)
				}
			}
			out := s.RX(t, "pjsip show contacts")
			for user, want := range map[string]bool{
				"1001/": strings.Contains(offered, "SHA-256"), "1002/": strings.Contains(offered, "MD5"),
				"1003/": false, "1004/": true,
			} {
				if strings.Contains(out, user) != want {
					t.Errorf("%s is a contact: %v\n%s", user, !want, out)
				}
			}

			// A call is let in by the same proof.
			const number = "sip:600@127.0.0.1"
			call := as(p, "1001", number)
			challenges, order := challenged(t, call, "INVITE")
			call.Send("INVITE", "", proof(challenges[order[0]], "1001", "secret", "INVITE", number, order[0]))
			m := p.Want("SIP/2.0 486")
			p.Send(call.Again("ACK", "", "To: "+m.Header("To")))
		})
	}
}

// A real phone of another make is let in by SHA-256 alone.
func TestAsteriskProvesItselfBySHA256(t *testing.T) {
	s := server.Start(t, server.Config{
		Files: map[string]string{
			"pjsip.conf":      phonesOnly + hashed,
			"extensions.conf": "[internal]\nexten => 600,1,Echo()\n",
		},
		Set: map[string]string{"sip.algorithms": "SHA-256"},
	})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
outbound_auth = skybridge
from_user = 1004
[skybridge]
type = aor
contact = sip:127.0.0.1:%[1]d
[skybridge]
type = auth
auth_type = digest
username = 1004
password = secret
supported_algorithms_uac = SHA-256
[skybridge-registration]
type = registration
server_uri = sip:127.0.0.1:%[1]d
client_uri = sip:1004@127.0.0.1:%[1]d
outbound_auth = skybridge
retry_interval = 2
`, s.SIP)})
	peer.Eventually(t, "asterisk is registered", func() error {
		if out := s.RX(t, "pjsip show contacts"); !strings.Contains(out, "1004/") {
			return fmt.Errorf("contacts:\n%s", out)
		}
		return nil
	})
	asterisk.Call(t, fmt.Sprintf("skybridge/sip:600@127.0.0.1:%d", s.SIP), "611100")
	peer.Hears(t, "asterisk", asterisk.Recording("611100"), 1100)
	asterisk.Hangup(t)
}
