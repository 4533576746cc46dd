// Package graceful_test holds the started server, with a call up, against what an
// operator does to it: a reload that changes everything around the call, and the signals
// that end it.
package graceful_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const phones = `
[phone](!)
type = endpoint
context = internal
allow = !all,ulaw
[account](!)
type = auth
auth_type = userpass
[address](!)
type = aor
max_contacts = 2
remove_existing = yes
`

// phone is the pjsip.conf of one.
func phone(name, more string) string {
	return fmt.Sprintf("[%[1]s](phone)\nauth = %[1]s\naors = %[1]s\n%[2]s[%[1]s](account)\nusername = %[1]s\npassword = secret\n[%[1]s](address)\n", name, more)
}

// trunk is one that registers at a port of loopback.
func trunk(name string, port int) string {
	return fmt.Sprintf("[%[1]s](phone)\naors = %[1]s\noutbound_auth = %[1]s\nidentify_by = ip\n[%[1]s]\ntype = auth\nauth_type = userpass\nusername = us\n"+
		"password = x\n[%[1]s]\ntype = aor\ncontact = sip:127.0.0.1:%[2]d\n[%[1]s]\ntype = registration\nserver_uri = sip:127.0.0.1:%[2]d\n"+
		"client_uri = sip:us@127.0.0.1\noutbound_auth = %[1]s\n[%[1]s]\ntype = identify\nendpoint = %[1]s\nmatch = 192.0.2.9\n", name, port)
}

func start(t *testing.T, set map[string]string, conf string) *server.Server {
	t.Helper()
	return server.Start(t, server.Config{Files: map[string]string{
		"pjsip.conf": phones + conf, "extensions.conf": "[internal]\nexten => 600,1,Answer()\n same => n,Echo()\n",
	}, Set: set})
}

func rewrite(t *testing.T, s *server.Server, conf string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, "conf", "pjsip.conf"), []byte(phones+conf), 0o600); err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, s *server.Server, sig syscall.Signal) {
	t.Helper()
	if err := s.Process().Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// contacts waits until the console's list has what it should, and nothing of what not.
func contacts(t *testing.T, s *server.Server, want, not []string) {
	t.Helper()
	out := s.RX(t, "pjsip show contacts")
	for _, name := range want {
		if !strings.Contains(out, name+"/") {
			t.Errorf("%s is not registered:\n%s", name, out)
		}
	}
	for _, name := range not {
		if strings.Contains(out, name+"/sip") {
			t.Errorf("%s is registered:\n%s", name, out)
		}
	}
}

// Endpoints and trunks come, change and go at a reload. The call of one that is gone goes
// on, its audio with it, and ends as calls do; registrations stay; who is new gets in.
func TestReloadUnderCalls(t *testing.T) {
	registrar := newRegistrar(t)
	s := start(t, nil, phone("1001", "")+phone("1002", "")+trunk("old", registrar.port()))
	registrar.registers(t, false)
	caller := newCaller(t, s, "1001", "600")
	caller.hears(t, 25)
	if got := register(t, s, "1002"); got != 200 {
		t.Fatal(got)
	}
	if got := register(t, s, "1003"); got != 401 {
		t.Errorf("who is not there yet gets %d", got)
	}

	// Both ways to reload: the signal, and the console, which tells when it is done.
	rewrite(t, s, phone("1002", "direct_media = no\nlanguage = fr\n")+phone("1003", "")+trunk("new", registrar.port()))
	kill(t, s, syscall.SIGHUP)
	registrar.registers(t, true)
	if out := s.RX(t, "core reload"); !strings.Contains(out, "reloaded") {
		t.Fatal(out)
	}
	caller.hears(t, 50)
	caller.asks(t, "OPTIONS") // in the call, of an endpoint that is gone
	contacts(t, s, []string{"1002"}, []string{"1001", "1003"})
	if got := register(t, s, "1003"); got != 200 {
		t.Errorf("who is new gets %d", got)
	}
	if got := register(t, s, "1001"); got != 401 {
		t.Errorf("who is gone gets %d", got)
	}
	if out := s.RX(t, "pjsip show registrations"); strings.Contains(out, "old") || !strings.Contains(out, "new") {
		t.Errorf("trunks:\n%s", out)
	}
	// A reload that is refused changes nothing.
	rewrite(t, s, phone("1002", "")+"[broken\n")
	if out := s.RX(t, "core reload"); !strings.Contains(out, "stays") {
		t.Errorf("a broken file: %s", out)
	}
	caller.hears(t, 25)
	contacts(t, s, []string{"1002", "1003"}, nil)
	caller.hangsUp(t)
	peer.Eventually(t, "no call is left", func() error {
		if n := s.Resources(t)["channels"]; n > 0 {
			return fmt.Errorf("%d channels", n)
		}
		return nil
	})
}

// After SIGTERM nothing new is taken, what stands goes on, phones stay registered, and
// the process ends with the last call, and 0. Trunks are told goodbye.
func TestSIGTERMWaitsForTheLastCall(t *testing.T) {
	registrar := newRegistrar(t)
	s := start(t, map[string]string{"shutdown.drain": "10m"}, phone("1001", "")+phone("1002", "")+trunk("provider", registrar.port()))
	registrar.registers(t, false)
	caller := newCaller(t, s, "1001", "600")
	caller.hears(t, 10)
	kill(t, s, syscall.SIGTERM)
	peer.Eventually(t, "the server is not ready any more", func() error {
		if status := get(t, s, "/readyz"); status != http.StatusServiceUnavailable {
			return fmt.Errorf("/readyz %d", status)
		}
		return nil
	})
	if status := get(t, s, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz %d", status)
	}
	refused := newPeer(t, s).NewCall("sip:600@127.0.0.1")
	refused.Send("INVITE", "")
	if m := refused.Peer.Want("SIP/2.0 503"); m.Header("Retry-After") == "" {
		t.Errorf("no Retry-After:\n%s", m.Text)
	}
	if got := register(t, s, "1002"); got != 200 {
		t.Errorf("REGISTER gets %d", got)
	}
	caller.hears(t, 25)
	caller.asks(t, "OPTIONS")
	caller.hangsUp(t)
	registrar.registers(t, true) // with Expires: 0
	s.Ended(t)
}

// A second signal, or the end of the time for it, ends what still stands with a BYE.
func TestSIGTERMEndsCalls(t *testing.T) {
	for name, drain := range map[string]string{"again": "10m", "at the limit": "200ms"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, map[string]string{"shutdown.drain": drain}, phone("1001", ""))
			caller := newCaller(t, s, "1001", "600")
			caller.hears(t, 10)
			kill(t, s, syscall.SIGTERM)
			if name == "again" {
				peer.Eventually(t, "the first signal has come", func() error {
					if status := get(t, s, "/readyz"); status != http.StatusServiceUnavailable {
						return fmt.Errorf("/readyz %d", status)
					}
					return nil
				})
				kill(t, s, syscall.SIGTERM)
			}
			caller.isHungUp(t)
			s.Ended(t)
		})
	}
}
