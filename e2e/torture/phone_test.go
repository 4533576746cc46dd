package torture_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 101\r\n" +
	"a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

// phone is 1001, with its password.
type phone struct {
	*siptest.Peer
	t       *testing.T
	network string
	client  *digest.Client
}

func newPhone(t *testing.T, s *server.Server, network string) *phone {
	t.Helper()
	p := &phone{t: t, network: network, client: digest.NewClient(digest.Account{
		Realm: "asterisk", Credentials: digest.Credentials{Username: "1001", Password: "secret"},
	})}
	p.connect(s)
	return p
}

// connect has the phone speak from a new port, or over a new connection.
func (p *phone) connect(s *server.Server) {
	p.t.Helper()
	if p.Peer != nil {
		p.Close()
	}
	p.Peer = dial(p.t, s, p.network)
}

func dial(t *testing.T, s *server.Server, network string) *siptest.Peer {
	t.Helper()
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(s.SIP)) //nolint:gosec // a port
	if network == "tcp" {
		return siptest.TCP(t, at)
	}
	return siptest.UDP(t, at)
}

// call is the phone's, to an extension.
func (p *phone) call(exten string) *siptest.Call {
	c := p.NewCall("sip:" + exten + "@127.0.0.1")
	c.From = "<sip:1001@127.0.0.1>"
	return c
}

// credentials are those for a request, none before the first challenge.
func (p *phone) credentials(method, uri string) (lines []siptest.Line) {
	for _, h := range p.client.Begin(method, uri).Headers() {
		lines = append(lines, h.Name+": "+h.Value)
	}
	return lines
}

// proven sends a request with credentials, and gives its final answer.
func (p *phone) proven(c *siptest.Call, method, body string, more ...siptest.Line) *siptest.Message {
	p.t.Helper()
	attempt := p.client.Begin(method, c.URI)
	for {
		lines := more
		for _, h := range attempt.Headers() {
			lines = append(lines[:len(lines):len(lines)], h.Name+": "+h.Value)
		}
		c.Send(method, body, lines...)
		m := p.final(c)
		if m.Status() != 401 {
			return m
		}
		if method == "INVITE" {
			p.Send(c.Again("ACK", "", "To: "+m.Header("To")))
		}
		if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
			p.t.Fatalf("%v\n%s", err, m.Text)
		}
	}
}

// final is the final answer to a call's last request, whatever comes before it.
func (p *phone) final(c *siptest.Call) *siptest.Message {
	p.t.Helper()
	for {
		m := p.Next()
		if m.Header("Call-ID") == c.ID && m.Status() >= 200 && strings.HasPrefix(m.Header("CSeq"), strconv.Itoa(c.Seq)+" ") {
			return m
		}
	}
}

// registers has the phone register, or with "*" and no time forget all that anybody has.
func (p *phone) registers(contact, expires string) {
	p.t.Helper()
	c := p.call("1001")
	c.URI, c.To = "sip:127.0.0.1", c.From
	if m := p.proven(c, "REGISTER", "", "Contact: "+contact, "Expires: "+expires); m.Status() != 200 {
		p.t.Fatalf("REGISTER:\n%s", m.Text)
	}
}

// answered is a call to the echo that stands.
func (p *phone) answered() *siptest.Call {
	p.t.Helper()
	c := p.call("600")
	m := p.proven(c, "INVITE", offer)
	if m.Status() != 200 {
		p.t.Fatalf("INVITE:\n%s", m.Text)
	}
	c.Take(m)
	c.Ack("")
	return c
}

// hangsUp ends a call, whatever number the last request was made to have; it may be over.
func (p *phone) hangsUp(c *siptest.Call) {
	p.t.Helper()
	c.Seq = 1<<31 - 2
	c.Send("BYE", "")
	p.final(c)
}

// alive wants the server to answer OPTIONS and a registration.
func (p *phone) alive() {
	p.t.Helper()
	p.Ping()
	p.registers("<sip:1001@"+p.Local().String()+";transport="+p.network+">", "60")
}

// request is one of the phone's: in a call that stands, or with its password outside of any.
func (p *phone) request(r *rand.Rand, call *siptest.Call) string {
	switch r.IntN(12) {
	case 0:
		return call.Request("INVITE", offer)
	case 1:
		return call.Request("UPDATE", offer)
	case 2:
		return call.Request("INFO", "Signal=1\r\nDuration=100\r\n", "Content-Type: application/dtmf-relay")
	case 3:
		return call.Request("BYE", "")
	case 4:
		return call.Again("CANCEL", "")
	case 5:
		return call.Again("ACK", "")
	case 6:
		return call.Request("REFER", "", "Refer-To: <sip:601@127.0.0.1>")
	case 7:
		return call.Request("MESSAGE", "hello", "Content-Type: text/plain")
	case 8:
		c := p.call("1001")
		c.URI, c.To = "sip:127.0.0.1", c.From
		return c.Request("REGISTER", "", append(p.credentials("REGISTER", c.URI), "Expires: 60")...)
	case 9:
		c := p.call("1002")
		return c.Request("INVITE", offer, append(p.credentials("INVITE", c.URI), fmt.Sprintf("Replaces: %s;to-tag=%s;from-tag=%s", call.ID, call.ToTag, call.FromTag))...)
	case 10:
		c := p.call("1001")
		return c.Request("MESSAGE", "hello", append(p.credentials("MESSAGE", c.URI), "Content-Type: text/plain")...)
	default:
		c := p.call("601")
		return c.Request("INVITE", offer, p.credentials("INVITE", c.URI)...)
	}
}
