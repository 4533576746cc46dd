// Package attacks_test holds the started server against the programs that SIP servers
// are attacked with, and looks at what an operator sees of it. The other attacks of the
// catalogue are in the tests of the packages that they are for.
package attacks_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pjsip = `
[phone](!)
type = endpoint
direct_media = no
context = internal
allow = !all,ulaw
[account](!)
type = auth
auth_type = userpass
[address](!)
type = aor
max_contacts = 9

[1001](phone)
auth = 1001
aors = 1001
[1001](account)
username = 1001
password = 1234
[1001](address)

[1002](phone)
auth = 1002
aors = 1002
[1002](account)
username = 1002
password = secret
[1002](address)
contact = sip:1002@127.0.0.1:%d
`

// open starts a server that its attackers are no friends of; 1002 is at a port.
func open(t *testing.T, phone int, set map[string]string) *server.Server {
	t.Helper()
	return server.Start(t, server.Config{
		Files: map[string]string{
			"pjsip.conf":      fmt.Sprintf(pjsip, phone),
			"extensions.conf": "[internal]\nexten => _1XXX,1,Dial(PJSIP/${EXTEN},20)\n",
		},
		Set: set,
	})
}

// registers is what a client at an address is told.
func registers(t *testing.T, s *server.Server, from, user, password string) int {
	t.Helper()
	p := siptest.UDPFrom(t, netip.MustParseAddr(from), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.SIP))) //nolint:gosec // a port
	c := p.NewCall("sip:127.0.0.1")
	c.From = "<sip:" + user + "@127.0.0.1>"
	c.To = c.From
	c.Send("REGISTER", "")
	m := p.Want("SIP/2.0 401")
	attempt := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: user, Password: password}}).
		Begin("REGISTER", c.URI)
	if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
		t.Fatal(err)
	}
	c.Send("REGISTER", "", "Authorization: "+attempt.Headers()[0].Value)
	return p.Next().Status()
}

// Whoever asks for extensions, by whichever method, is told of none.
func TestB1ScannersFindNobody(t *testing.T) {
	s := open(t, peer.FreePort(t), nil)
	for _, method := range []string{"REGISTER", "INVITE", "OPTIONS"} {
		out := peer.Attack(t, 30*time.Second, "svwar", "--force", "-e1000-1010", "-m", method, "-p", fmt.Sprint(s.SIP), "-t", "0.01", "--maximumtime=1", "127.0.0.1")
		for _, extension := range []string{"1001", "1002"} {
			if strings.Contains(out, "| "+extension) {
				t.Errorf("%s tells of %s", method, extension)
			}
		}
	}
	if out := peer.Attack(t, 10*time.Second, "sipsak", "-M", "-B", "x", "-s", fmt.Sprintf("sip:1001@127.0.0.1:%d", s.SIP)); strings.Contains(out, "200 OK") {
		t.Error("a message of nobody is taken")
	}
	if registers(t, s, "127.0.0.1", "1001", "1234") != 200 {
		t.Error("the owner does not get in")
	}
}

// A password that would be found in a minute is not: who guesses is banned, which the
// operator sees, undoes and finds again after a restart. The owner gets in from elsewhere
// all the while.
func TestB3PasswordGuessing(t *testing.T) {
	s := open(t, peer.FreePort(t), map[string]string{"sip.exempt": "127.0.0.3", "sip.ban.failures": "6"})
	admin := s.Token(t, "root", "--role", "admin")
	bans := func() (list struct {
		Items []struct{ Address, Reason string }
	}) {
		t.Helper()
		if status := s.Do(t, admin, "GET", "/api/v1/voip/bans", nil, &list); status != 200 {
			t.Fatal(status)
		}
		return list
	}
	// It gives up at the first 503, after five passwords; another goes on.
	out := peer.Attack(t, 15*time.Second, "svcrack", "-u1001", "-r1000-1999", "-p", fmt.Sprint(s.SIP), "-b", "127.0.0.1", "-t", "0.01",
		"--maximumtime=1", "127.0.0.1")
	if strings.Contains(out, "| 1234") {
		t.Error("the password was found")
	}
	peer.Eventually(t, "the guesser is banned", func() error {
		if list := bans(); len(list.Items) != 1 || list.Items[0].Address != "127.0.0.1" || list.Items[0].Reason != "wrong passwords" {
			return fmt.Errorf("bans: %+v", list)
		}
		return nil
	})
	for _, from := range []string{"127.0.0.2", "127.0.0.3"} {
		if status := registers(t, s, from, "1001", "1234"); status != 200 {
			t.Errorf("the owner at %s gets %d", from, status)
		}
	}
	for range 60 { // who is exempt, or has registered before, may try as they like
		registers(t, s, "127.0.0.2", "1002", "wrong")
	}
	s.Restart(t)
	if out := s.RX(t, "show bans"); !strings.Contains(out, "127.0.0.1/32") || !strings.Contains(out, "1 bans") {
		t.Errorf("after a restart:\n%s", out)
	}
	if status := s.Do(t, s.Token(t, "alice"), "DELETE", "/api/v1/voip/bans/127.0.0.1", nil, nil); status != 403 {
		t.Errorf("a user lifts a ban: %d", status)
	}
	if out := s.Run(t, "unban", "127.0.0.1"); !strings.Contains(out, "not banned any more") {
		t.Error(out)
	}
	if list := bans(); len(list.Items) != 0 {
		t.Errorf("bans: %+v", list)
	}
	if status := registers(t, s, "127.0.0.1", "1001", "1234"); status != 200 {
		t.Errorf("after the end of the ban: %d", status)
	}
	for _, line := range []string{"source banned", "ban lifted"} {
		if !strings.Contains(s.Log(), line) {
			t.Errorf("the log has no %q", line)
		}
	}
}

// Nothing that the REST API is told becomes a header of its own, or another target.
func TestC3HeadersFromREST(t *testing.T) {
	phone := siptest.UDP(t, netip.AddrPort{})
	s := open(t, int(phone.Local().Port()), nil)
	alice := s.Token(t, "alice")
	for name, body := range map[string]map[string]any{
		"a target":        {"participants": []string{"PJSIP/1002\r\nX-Evil: 1"}},
		"a target's end":  {"participants": []string{"PJSIP/1002\n"}},
		"two targets":     {"participants": []string{"PJSIP/1002&PJSIP/1001"}},
		"an option":       {"participants": []string{"PJSIP/1002,20,g"}},
		"a SIP URI":       {"participants": []string{"PJSIP/1002/sip:1002@evil.invalid?X-Evil=1"}},
		"a caller":        {"participants": []string{"PJSIP/1002"}, "caller_id": "x\r\nX-Evil: 1 <100>"},
		"a caller's name": {"participants": []string{"PJSIP/1002"}, "caller_id": "\"a\x00b\" <100>"},
		"a header":        {"participants": []string{"PJSIP/1002"}, "headers": map[string]string{"X-A": "1\r\nX-Evil: 1"}},
		"a header's name": {"participants": []string{"PJSIP/1002"}, "headers": map[string]string{"X-A\r\nX-Evil": "1"}},
	} {
		body["call_type"] = "audio"
		if status := s.Do(t, alice, "POST", "/api/v1/voip/calls", body, nil); status != 422 {
			t.Errorf("%s: %d", name, status)
		}
	}
	// The first call that comes is the one that says nothing wrong.
	sound := map[string]any{
		"participants": []string{"PJSIP/1002"}, "call_type": "audio", "caller_id": "Ann <100>",
		"metadata": map[string]any{"caller_id": "x\r\nX-Evil: 1", "X-Evil": "1"}, // which stays here
	}
	if status := s.Do(t, alice, "POST", "/api/v1/voip/calls", sound, nil); status != 201 {
		t.Fatal(status)
	}
	m := phone.Skip("INVITE ")
	if strings.Contains(m.Text, "Evil") {
		t.Errorf("smuggled:\n%s", m.Text)
	}
	if !strings.Contains(m.Text, `From: "Ann <100>" <sip:`) {
		t.Errorf("nobody sees who calls:\n%s", m.Text)
	}
	phone.Send(phone.Response(m, 486, "t", nil, ""))
	phone.Skip("ACK ")
}
