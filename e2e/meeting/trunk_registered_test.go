package meeting_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// An Asterisk registers at us, so that we need not know where it is; both sides
// call, and each has the other prove itself.
func TestAnAsteriskThatRegisters(t *testing.T) {
	conf := files(0)
	phones, _, ok := strings.Cut(conf["pjsip.conf"], "\n[trunk]\n")
	if !ok {
		t.Fatal("there is no trunk in the files")
	}
	conf["pjsip.conf"] = phones + `
[trunk]
type = endpoint
context = from-trunk
allow = !all,alaw,ulaw
auth = trunk
outbound_auth = asterisk
aors = trunk

[trunk]
type = auth
username = trunk
password = trunksecret

[asterisk]
type = auth
username = skybridge
password = othersecret

[trunk]
type = aor
max_contacts = 1
remove_existing = yes
`
	s := server.Start(t, server.Config{Files: conf})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{PJSIP: fmt.Sprintf(`
[skybridge](endpoint)
aors = skybridge
from_user = trunk
auth = skybridge-in
outbound_auth = skybridge-out
allow = !all,alaw

[liar](endpoint)
aors = skybridge
from_user = trunk
outbound_auth = liar
allow = !all,alaw

[skybridge]
type = aor
contact = sip:127.0.0.1:%[1]d

[skybridge]
type = identify
endpoint = skybridge
match = 127.0.0.1

[skybridge-in]
type = auth
auth_type = digest
username = skybridge
password = othersecret

[skybridge-out]
type = auth
auth_type = digest
username = trunk
password = trunksecret

[liar]
type = auth
auth_type = digest
username = trunk
password = guessed

[skybridge]
type = registration
server_uri = sip:127.0.0.1:%[1]d
client_uri = sip:trunk@127.0.0.1:%[1]d
contact_user = line
outbound_auth = skybridge-out
retry_interval = 2
`, s.SIP)})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Answer: true, Tone: 500,
	})
	phone.Registered(t)
	peer.Eventually(t, "asterisk is registered", func() error {
		if out := s.RX(t, "pjsip show contacts"); !strings.Contains(out, fmt.Sprintf("trunk/sip:line@127.0.0.1:%d", asterisk.SIP)) {
			return fmt.Errorf("contacts:\n%s", out)
		}
		return nil
	})
	if _, err := asterisk.CLI("pjsip set logger on"); err != nil {
		t.Fatal(err)
	}

	t.Run("in", func(t *testing.T) {
		asterisk.Call(t, fmt.Sprintf("skybridge/sip:1001@127.0.0.1:%d", s.SIP), "611100")
		peer.Hears(t, "the phone", phone.Recording(), 1100, 500)
		peer.Hears(t, "asterisk", asterisk.Recording("611100"), 500, 1100)
		asterisk.Hangup(t)
		phone.Closed(t)
	})
	t.Run("out", func(t *testing.T) {
		phone.Dial(t, "611200")
		peer.Hears(t, "the phone", phone.Recording(), 1200, 500)
		peer.Hears(t, "asterisk", asterisk.Recording("611200"), 500, 1200)
		phone.Hangup(t)
	})
	t.Run("through", func(t *testing.T) { // in and out again
		asterisk.Call(t, fmt.Sprintf("skybridge/sip:611300@127.0.0.1:%d", s.SIP), "611400")
		peer.Hears(t, "the caller", asterisk.Recording("611400"), 1300, 1400)
		peer.Hears(t, "the called", asterisk.Recording("611300"), 1400, 1300)
		asterisk.Hangup(t)
	})
	for _, proof := range []string{`Authorization: Digest username="trunk"`, `Authorization: Digest username="skybridge"`} {
		if !strings.Contains(asterisk.Log(), proof) {
			t.Errorf("nothing on the wire has %s", proof)
		}
	}
	t.Run("with another password", func(t *testing.T) {
		before := s.RX(t, "core show calls")
		asterisk.Call(t, fmt.Sprintf("liar/sip:1001@127.0.0.1:%d", s.SIP), "611500")
		peer.Eventually(t, "asterisk's guesses are held up, and it gives up", func() error {
			if !strings.Contains(asterisk.Log(), "SIP/2.0 503 ") {
				return errors.New("not yet")
			}
			if n, err := asterisk.Channels(); err != nil || n > 0 {
				return fmt.Errorf("%d channels: %w", n, err)
			}
			return nil
		})
		if after := s.RX(t, "core show calls"); after != before {
			t.Errorf("calls before\n%safter\n%s", before, after)
		}
	})
}
