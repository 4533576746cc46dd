package meeting_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// Asterisk calls extension 1001 through us, 1001 calls out through Asterisk; the
// trunk's state is visible.
func TestCallsThroughATrunk(t *testing.T) {
	port := peer.FreePort(t)
	s := server.Start(t, server.Config{Files: files(port)})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, PJSIP: trunkConf(s.SIP)})
	before := s.Resources(t)
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Answer: true,
		Codecs: []string{"PCMU", "PCMA"}, Tone: 500,
	})
	phone.Registered(t)
	peer.Eventually(t, "the trunk answers OPTIONS", func() error {
		if out := s.RX(t, "pjsip show contacts"); !strings.Contains(out, "Avail") {
			return fmt.Errorf("contacts:\n%s", out)
		}
		return nil
	})
	if out := s.RX(t, "sip show peers"); !strings.Contains(out, "OK (") {
		t.Errorf("sip show peers does not show the trunk's state:\n%s", out)
	}

	t.Run("in", func(t *testing.T) {
		asterisk.Call(t, fmt.Sprintf("skybridge/sip:1001@127.0.0.1:%d", s.SIP), "611100")
		peer.Hears(t, "the phone", phone.Recording(), 1100, 500)
		peer.Hears(t, "asterisk", asterisk.Recording("611100"), 500, 1100)
		asterisk.Hangup(t)
		phone.Closed(t)
		s.Idle(t, before)
	})
	t.Run("out", func(t *testing.T) {
		phone.Dial(t, "611200")
		peer.Hears(t, "the phone", phone.Recording(), 1200, 500)
		peer.Hears(t, "asterisk", asterisk.Recording("611200"), 500, 1200)
		phone.Hangup(t)
		phone.Closed(t)
		s.Idle(t, before)
	})
	t.Run("out by the API", func(t *testing.T) {
		token := s.Token(t, "ana", "--extension", "1001")
		var call struct{ ID string }
		in := map[string]any{"participants": []string{"SIP/trunk/611300"}, "call_type": "audio"}
		if status := s.Do(t, token, "POST", "/api/v1/voip/calls", in, &call); status != 201 {
			t.Fatal(status)
		}
		phone.Established(t) // ana is there by no browser
		peer.Hears(t, "the phone", phone.Recording(), 1300, 500)
		peer.Hears(t, "asterisk", asterisk.Recording("611300"), 500, 1300)
		if status := s.Do(t, token, "POST", "/api/v1/voip/calls/"+call.ID+"/end", nil, nil); status != 200 {
			t.Error(status)
		}
		phone.Closed(t)
		s.Idle(t, before)
	})
}

// We register at Asterisk with a password, and it calls us where we registered.
func TestATrunkByRegistration(t *testing.T) {
	port := peer.FreePort(t)
	conf := files(port)
	conf["pjsip.conf"] = strings.Replace(conf["pjsip.conf"], "[trunk]\ntype = endpoint\n",
		"[trunk]\ntype = endpoint\noutbound_auth = trunk-auth\n", 1) + fmt.Sprintf(`
[trunk-auth]
type = auth
auth_type = userpass
username = skybridge
password = trunksecret

[trunk-registration]
type = registration
server_uri = sip:127.0.0.1:%d
client_uri = sip:skybridge@127.0.0.1:%d
contact_user = 1001
outbound_auth = trunk-auth
endpoint = trunk
line = yes
retry_interval = 2
`, port, port)
	s := server.Start(t, server.Config{Files: conf})
	asterisk := peer.Asterisk(t, peer.AsteriskConfig{SIP: port, PJSIP: `
[skybridge](endpoint)
auth = skybridge
aors = skybridge
allow = !all,ulaw
[skybridge]
type = auth
auth_type = userpass
username = skybridge
password = trunksecret
[skybridge]
type = aor
max_contacts = 1
remove_existing = yes
`})
	peer.Eventually(t, "registered at Asterisk", func() error {
		if out := s.RX(t, "pjsip show registrations"); !strings.Contains(out, "Registered ") {
			return fmt.Errorf("registrations:\n%s", out)
		}
		return nil
	})
	phone := peer.Baresip(t, peer.BaresipConfig{
		User: "1001", Password: "secret1001", Server: fmt.Sprintf("127.0.0.1:%d", s.SIP), Register: true, Answer: true, Tone: 500,
	})
	phone.Registered(t)
	asterisk.Call(t, "skybridge", "611100")
	peer.Hears(t, "the phone", phone.Recording(), 1100, 500)
	peer.Hears(t, "asterisk", asterisk.Recording("611100"), 500, 1100)
	asterisk.Hangup(t)
	phone.Closed(t)

	phone.Dial(t, "611200") // out, with digest
	peer.Hears(t, "the phone", phone.Recording(), 1200, 500)
	phone.Hangup(t)
}
