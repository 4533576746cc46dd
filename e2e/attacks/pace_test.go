package attacks_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// What the settings say of the calls that phones begin holds, and follows a reload.
func TestC2CallsPerMinuteOfTheSettings(t *testing.T) {
	settings := func(perMinute int) string {
		return fmt.Sprintf("sip:\n  emergency: [\"112\"]\n  phone_calls:\n    per_minute: %d\n    endpoints: [{endpoint: \"1002\", per_minute: 0}, {endpoint: ghost, per_minute: 1}]\n", perMinute)
	}
	s := server.Start(t, server.Config{
		Files: map[string]string{
			"pjsip.conf":      fmt.Sprintf(pjsip, 9),
			"extensions.conf": "[internal]\nexten => 600,1,Busy()\nexten => 112,1,Busy()\n",
		},
		Settings: settings(2),
	})
	if !strings.Contains(s.Log(), "phone_calls: ghost is no phone") {
		t.Error("a limit of nobody is not warned of")
	}
	for i, want := range []int{486, 486, 480, 480} {
		if got := calls(t, s, "1001", "1234", "600"); got != want {
			t.Errorf("call %d: %d, want %d", i+1, got, want)
		}
	}
	if got := calls(t, s, "1001", "1234", "112"); got != 486 {
		t.Errorf("an emergency call: %d", got)
	}
	for range 4 {
		if got := calls(t, s, "1002", "secret", "600"); got != 486 {
			t.Errorf("who has no limit: %d", got)
		}
	}
	file := filepath.Join(s.Dir, "skybridge.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "per_minute: 2", "per_minute: 3", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.RX(t, "core reload")
	for i, want := range []int{486, 480} { // the third of the minute, and one more
		if got := calls(t, s, "1001", "1234", "600"); got != want {
			t.Errorf("call %d after the reload: %d, want %d", i+1, got, want)
		}
	}
	if log := s.Log(); !strings.Contains(log, "1001 has begun 2 calls within a minute, its limit") {
		t.Error("the log does not tell who calls too often")
	}
}

// calls is what a phone's call is told in the end.
func calls(t *testing.T, s *server.Server, user, password, number string) int {
	t.Helper()
	p := siptest.UDP(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.SIP))) //nolint:gosec // a port
	defer p.Close()
	const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
	c := p.NewCall("sip:" + number + "@127.0.0.1")
	c.From = "<sip:" + user + "@127.0.0.1>"
	attempt := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: user, Password: password}}).Begin("INVITE", c.URI)
	var auth []siptest.Line
	for {
		c.Send("INVITE", offer, auth...)
		m := p.Next()
		for m.Status() < 200 {
			m = p.Next()
		}
		p.Send(c.Again("ACK", "", "To: "+m.Header("To")))
		if m.Status() != 401 {
			if after := m.Header("Retry-After"); (m.Status() == 480) != (after != "") {
				t.Errorf("%d with Retry-After %q", m.Status(), after)
			}
			return m.Status()
		}
		if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
			t.Fatal(err)
		}
		auth = nil
		for _, h := range attempt.Headers() {
			auth = append(auth, h.Name+": "+h.Value)
		}
	}
}
