package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// accounts are two phones with passwords, and a trunk that is known by an address that
// nobody here has.
const accounts = `
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

[1001](phone)
auth = 1001
aors = 1001
[1001](account)
username = 1001
password = one
[1001](address)

[1002](phone)
auth = 1002
aors = 1002
[1002](account)
username = 1002
password = two
[1002](address)

[trunk](phone)
identify_by = ip
aors = trunk
[trunk]
type = aor
contact = sip:%s
[trunk]
type = identify
endpoint = trunk
match = 192.0.2.9
`

// attacked is a server that an attacker has a socket to; the trunk leads to a second.
func attacked(t *testing.T) (r *rig, attacker, trunk *siptest.Peer) {
	t.Helper()
	trunk = siptest.UDP(t, netip.AddrPort{})
	r = newRig(t, fmt.Sprintf(accounts, trunk.Local()))
	r.house.Engine.AddTech(r.tech)
	return r, siptest.UDP(t, r.server.Addr("udp")), trunk
}

// from is a conversation that says it is a user's, with a target.
func from(p *siptest.Peer, user, uri string) *siptest.Call {
	c := p.NewCall(uri)
	c.From = "<sip:" + user + "@127.0.0.1>"
	return c
}

// answerTo is the final answer to a call's last request. One to an INVITE is
// acknowledged.
func answerTo(c *siptest.Call) *siptest.Message {
	for {
		m := c.Peer.Next()
		if m.Header("Call-ID") != c.ID || m.Status() < 200 || !strings.HasPrefix(m.Header("CSeq"), fmt.Sprintf("%d ", c.Seq)) {
			continue
		}
		if strings.HasSuffix(m.Header("CSeq"), "INVITE") && m.Status() >= 300 {
			c.Peer.Send(c.Again("ACK", "", "To: "+m.Header("To")))
		}
		return m
	}
}

// credentials begin an answer to the challenges in a response.
func credentials(t *testing.T, m *siptest.Message, user, password, method, uri string) string {
	t.Helper()
	client := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: user, Password: password}})
	attempt := client.Begin(method, uri)
	if err := attempt.Challenged(m.Status(), m.Headers("WWW-Authenticate")); err != nil {
		t.Fatalf("%v\n%s", err, m.Text)
	}
	return attempt.Headers()[0].Value
}

// proven sends a request twice, with credentials the second time, and gives them and
// the answer.
func proven(t *testing.T, c *siptest.Call, user, password, method, body string, lines ...siptest.Line) (string, *siptest.Message) {
	t.Helper()
	c.Send(method, body, lines...)
	m := answerTo(c)
	if m.Status() != 401 {
		t.Fatalf("%s without credentials:\n%s", method, m.Text)
	}
	auth := credentials(t, m, user, password, method, c.URI)
	c.Send(method, body, append(lines, "Authorization: "+auth)...)
	return auth, answerTo(c)
}

// bindings are the targets that are registered for an address of record.
func (r *rig) bindings(aor string) (out []string) {
	for _, b := range r.tech.registrar.Lookup(aor) {
		out = append(out, b.Target.String())
	}
	return out
}
