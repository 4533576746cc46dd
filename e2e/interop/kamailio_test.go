// Package interop_test holds the started server against other people's SIP that is no
// phone of the desk: proxies in front of it.
package interop_test

import (
	"net"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files are of two phones that call each other.
var files = map[string]string{
	"extensions.conf": "[internal]\nexten => _100X,1,Dial(PJSIP/${EXTEN},30)\n same => n,Hangup()\n",
	"pjsip.conf": `
[phone](!)
type = endpoint
context = internal
allow = !all,ulaw
direct_media = no
rewrite_contact = yes

[account](!)
type = auth
auth_type = userpass
password = secret

[address](!)
type = aor
max_contacts = 1
remove_existing = yes
support_path = yes

[1001](phone)
auth = 1001
aors = 1001
[1001](account)
username = 1001
[1001](address)

[1002](phone)
auth = 1002
aors = 1002
[1002](account)
username = 1002
[1002](address)
`,
}

// A phone registers by way of a Kamailio, which leaves its Path; it calls and is called by
// way of it, both hear each other, and each side's BYE ends the call for the other.
func TestKamailioInFront(t *testing.T) {
	s := server.Start(t, server.Config{Files: files})
	proxy := peer.Kamailio(t, s.SIP)
	phone := func(user string, port int, tone float64) *peer.BaresipPeer {
		b := peer.Baresip(t, peer.BaresipConfig{
			User: user, Password: "secret", Server: net.JoinHostPort(peer.Host, strconv.Itoa(port)), Register: true, Tone: int(tone), Answer: true,
		})
		b.Registered(t)
		return b
	}
	far, near := phone("1001", proxy.Port, 503), phone("1002", s.SIP, 877)
	for _, call := range []struct {
		name           string
		caller, called *peer.BaresipPeer
		number         string
		hears, says    float64
	}{{"from behind it", far, near, "1002", 877, 503}, {"to behind it", near, far, "1001", 503, 877}} {
		for _, first := range []string{"the caller", "the called"} { // hangs up
			call.caller.Dial(t, call.number)
			call.caller.Established(t)
			peer.Hears(t, call.name+", the caller", call.caller.Recording(), call.hears, call.says)
			peer.Hears(t, call.name+", the called", call.called.Recording(), call.says, call.hears)
			ends, other := call.caller, call.called
			if first == "the called" {
				ends, other = other, ends
			}
			ends.Hangup(t)
			ends.Closed(t)
			other.Closed(t)
		}
	}
	// Whichever side ended a call, the proxy was in the way; two of the four came by the Path.
	if bye, called := proxy.Within("BYE"), proxy.ByPath("INVITE"); bye < 4 || called < 2 {
		t.Errorf("by way of the proxy: %d BYE, %d INVITE by the Path", bye, called)
	}
}
