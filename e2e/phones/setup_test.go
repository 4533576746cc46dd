// Package phones_test holds the started server against real phones: what they
// register, how their calls begin, change and end, what they hear, which keys
// they press, and what a broken one sends.
package phones_test

import (
	"fmt"
	"path/filepath"
	"strconv"
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
direct_media = no
context = internal
disallow = all
allow = ulaw,alaw,g722,opus
rtp_symmetric = yes
rewrite_contact = yes

[account](!)
type = auth
auth_type = userpass

[address](!)
type = aor
max_contacts = 1
remove_existing = yes
minimum_expiration = 2

; Whoever calls from here without being one of the phones, and whom the dialplan
; calls at a fixed address: SIPp.
[guest]
type = endpoint
context = internal
direct_media = no
allow = !all,ulaw,alaw,g722
aors = guest

[guest]
type = aor
contact = sip:guest@127.0.0.1:%d

[guest]
type = identify
endpoint = guest
match = 127.0.0.1
`

// conf is the phones 1001 to 1006, with passwords as account makes them, and the
// guest at a port of loopback; extensions is the context internal, and more.
func conf(guest int, extensions string) map[string]string {
	text := fmt.Sprintf(pjsip, guest)
	for n := 1001; n <= 1006; n++ {
		text += fmt.Sprintf("\n[%[1]d](phone)\nauth = %[1]d\naors = %[1]d\n[%[1]d](account)\nusername = %[1]d\npassword = secret%[1]d\n"+
			"[%[1]d](address)\n", n)
	}
	return map[string]string{"pjsip.conf": text, "extensions.conf": "[general]\nautofallthrough = yes\n\n[internal]\n" + extensions}
}

// lab is a server, and where the guest of its configuration must be.
type lab struct {
	*server.Server
	guest int
	idle  map[string]int
}

// open starts a server. SIP's timers are the usual ones: a phone on a machine that has
// too much to do may take many seconds to acknowledge an answer.
func open(t *testing.T, extensions string) *lab {
	t.Helper()
	guest := peer.FreePort(t)
	l := start(t, conf(guest, extensions))
	l.guest = guest
	return l
}

func start(t *testing.T, files map[string]string) *lab {
	t.Helper()
	return startWith(t, files, nil)
}

// startWith starts a server with further settings.
func startWith(t *testing.T, files, set map[string]string) *lab {
	t.Helper()
	s := server.Start(t, server.Config{Files: files, Set: set})
	return &lab{Server: s, idle: s.Resources(t)}
}

// hasty is a setting with which a server gives up after 3.2 s whom it hears nothing from.
var hasty = map[string]string{"sip.t1": "50ms"}

// run runs a test and waits until it has left nothing behind, its peers' own
// connections included.
func (l *lab) run(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if t.Run(name, f) {
		l.Idle(t, l.idle)
	}
}

// phone starts a baresip as 1001 … 1006, registered.
func (l *lab) phone(t *testing.T, number string, cfg peer.BaresipConfig) *peer.BaresipPeer {
	t.Helper()
	cfg.User, cfg.Password, cfg.Register = number, "secret"+number, true
	port := l.SIP
	if cfg.Transport == "tls" {
		port = l.TLS
	}
	cfg.Server = at(port)
	b := peer.Baresip(t, cfg)
	b.Registered(t)
	return b
}

func at(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// caller starts a SIPp that plays a scenario of a caller.
func (l *lab) caller(t *testing.T, scenario, number string, ear *ear, replace ...string) *peer.SippPeer {
	t.Helper()
	return peer.Sipp(t, sipp(peer.SippConfig{Target: at(l.SIP), Service: number}, scenario, ear, replace))
}

// callee starts a SIPp where the guest is.
func (l *lab) callee(t *testing.T, scenario string, ear *ear, replace ...string) *peer.SippPeer {
	t.Helper()
	return peer.Sipp(t, sipp(peer.SippConfig{SIP: l.guest}, scenario, ear, replace))
}

// sipp completes a configuration: a scenario with words replaced, and a media
// port, which is nobody's without an ear.
func sipp(cfg peer.SippConfig, scenario string, e *ear, replace []string) peer.SippConfig {
	cfg.Scenario = filepath.Join("..", "..", "testdata", "sip", "phones", scenario+".xml")
	cfg.Replace = replace
	port := 9 // discard
	if e != nil {
		port = e.port()
	}
	cfg.Args = append(cfg.Args, "-key", "ear", strconv.Itoa(port), "-timeout", "40s", "-timeout_error")
	return cfg
}

// refused calls a number and wants it refused with a status.
func (l *lab) refused(t *testing.T, number string, status int) {
	t.Helper()
	l.caller(t, "refused", number, nil, "STATUS", strconv.Itoa(status)).Wait(t)
}

// holds tells whether calls hold that many of something.
func (l *lab) holds(t *testing.T, what string, want int) error {
	t.Helper()
	if n := l.Resources(t)[what]; n != want {
		return fmt.Errorf("%d %s, not %d", n, what, want)
	}
	return nil
}
