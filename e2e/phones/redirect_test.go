package phones_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// A REST call to a phone that names a number in its place (302) goes there, by a trunk, and
// the two hear each other.
func TestRESTCallsGoWhereAPhoneSends(t *testing.T) {
	guest, desk := peer.FreePort(t), peer.FreePort(t)
	files := conf(guest, "exten => _9X.,1,Dial(PJSIP/${EXTEN:1}@guest,30)\n same => n,Hangup()\n")
	files["pjsip.conf"] += fmt.Sprintf("\n[1007](phone)\nauth = 1007\naors = 1007\n[1007](account)\nusername = 1007\npassword = secret1007\n"+
		"[1007]\ntype = aor\ncontact = sip:1007@127.0.0.1:%d\n", desk)
	l := start(t, files)
	l.guest = guest
	l.run(t, "a number at a trunk", func(t *testing.T) {
		phone := l.phone(t, "1001", peer.BaresipConfig{Codecs: []string{"PCMU"}, Answer: true, Tone: 503})
		trunk := l.callee(t, "play", nil, "FILE", "tone.ulaw")
		moved := peer.Sipp(t, peer.SippConfig{
			SIP: desk, Scenario: filepath.Join("..", "..", "testdata", "sip", "services", "moved.xml"),
			Replace: []string{"CONTACTS", "<sip:nobody@192.0.2.1>;q=0.9, <tel:90-123>;q=0.5"},
		})
		token := l.Token(t, "alice", "--role", "admin")
		body := map[string]any{"participants": []string{"PJSIP/1001", "PJSIP/1007"}, "call_type": "audio"}
		if status := l.Do(t, token, http.MethodPost, "/api/v1/voip/calls", body, nil); status != http.StatusCreated {
			t.Fatalf("status %d", status)
		}
		peer.Hears(t, "the phone", phone.Recording(), 440, 503)
		moved.Wait(t)
		l.RX(t, "channel request hangup all")
		trunk.Wait(t)
		phone.Closed(t)
	})
}
