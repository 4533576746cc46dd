package newcomer_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// homePhone is a phone behind a NAT, as the guide has it: it says that it is somewhere else.
type homePhone struct {
	*siptest.Peer
	t    *testing.T
	user string
}

func newHomePhone(t *testing.T, s *server.Server, user string) *homePhone {
	t.Helper()
	return &homePhone{Peer: siptest.UDP(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.SIP))), t: t, user: user} //nolint:gosec // a port
}

// atHome is what a phone says of itself.
func (p *homePhone) atHome() string { return "Contact: <sip:" + p.user + "@192.168.1.20:5060>" }

// asks has it send a request with its password.
func (p *homePhone) asks(c *siptest.Call, method, body string) {
	p.t.Helper()
	c.From = "<sip:" + p.user + "@127.0.0.1>"
	client := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: p.user, Password: "its-password"}})
	attempt := client.Begin(method, c.URI)
	c.Send(method, body, p.atHome())
	m := p.until("SIP/2.0 401")
	if method == "INVITE" {
		p.Send(c.Again("ACK", "", "To: "+m.Header("To")))
	}
	if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
		p.t.Fatal(err)
	}
	c.Send(method, body, p.atHome(), "Authorization: "+attempt.Headers()[0].Value)
}

func (p *homePhone) registers() {
	p.t.Helper()
	c := p.NewCall("sip:127.0.0.1")
	c.To = "<sip:" + p.user + "@127.0.0.1>"
	p.asks(c, "REGISTER", "")
	p.until("SIP/2.0 200")
}

const homeAudio = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"

// calls has it call an extension.
func (p *homePhone) calls(exten string) *siptest.Call {
	p.t.Helper()
	c := p.NewCall("sip:" + exten + "@127.0.0.1")
	p.asks(c, "INVITE", homeAudio)
	return c
}

// answered waits for the answer to its call.
func (p *homePhone) answered(c *siptest.Call) {
	p.t.Helper()
	c.Take(p.until("SIP/2.0 200"))
	c.Ack("")
}

// until answers what the phone is asked, up to a request that begins so.
func (p *homePhone) until(start string) *siptest.Message {
	p.t.Helper()
	for {
		m := p.Next()
		if strings.HasPrefix(m.Start, start) {
			return m
		}
		if strings.HasPrefix(m.Start, "OPTIONS ") { // whether it is there
			p.Send(p.Response(m, 200, "home", nil, ""))
		}
	}
}

// rings has it be called, by the address that it has at home.
func (p *homePhone) rings() (invite *siptest.Message) {
	p.t.Helper()
	invite = p.until("INVITE sip:" + p.user + "@192.168.1.20:5060")
	p.Send(p.Response(invite, 180, "home", nil, ""))
	return invite
}

// takes has it answer.
func (p *homePhone) takes(invite *siptest.Message) {
	p.t.Helper()
	p.Send(p.Response(invite, 200, "home", []string{p.atHome(), "Content-Type: application/sdp"}, homeAudio))
	p.until("ACK ")
}

// isHungUp has it be told that its call is over.
func (p *homePhone) isHungUp() {
	p.t.Helper()
	p.Send(p.Response(p.until("BYE sip:"+p.user+"@192.168.1.20:5060"), 200, "", nil, ""))
}

// neighbour is another phone, which the page does not have.
const neighbour = `
[1002]
type = endpoint
context = internal
allow = !all,ulaw
auth = 1002
rewrite_contact = yes
[1002]
type = auth
username = 1002
password = its-password
`

// The guide's page on phones does what it says: its files load without a warning, its phone
// registers, is reached where it came from, and called there.
func TestTheGuideToPhones(t *testing.T) {
	if _, err := exec.LookPath("sipsak"); err != nil {
		t.Skip("no sipsak")
	}
	text, err := os.ReadFile("../../docs/guide/phones.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	commands := blocks(page, "sh")
	if len(commands) != 3 {
		t.Fatalf("%d commands", len(commands))
	}
	s := server.Start(t, server.Config{Files: map[string]string{"pjsip.conf": fenced(t, page, "ini") + neighbour, "extensions.conf": fenced(t, page, "conf")}})
	for _, file := range []string{"pjsip.conf:", "extensions.conf:"} {
		if strings.Contains(s.Log(), file) {
			t.Errorf("%s has a warning", file)
		}
	}
	shell := func(command string) string {
		t.Helper()
		out, err := s.Shell(t.Context(), t.TempDir(), strings.NewReplacer("127.0.0.1:5060", fmt.Sprintf("127.0.0.1:%d", s.SIP), "http://127.0.0.1:8080", s.URL("")).Replace(command))
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return out
	}
	shell(commands[0])
	peer.Eventually(t, "the phone is reached where it comes from", func() error {
		out := shell(commands[1])
		if !strings.Contains(out, "1001/sip:1001@127.0.0.1:") || strings.Contains(out, "192.168.1.20") {
			return fmt.Errorf("contacts:\n%s", out)
		}
		return nil
	})

	up := func(channels ...string) {
		t.Helper()
		peer.Eventually(t, strings.Join(channels, " and "), func() error {
			out := s.RX(t, "core show channels")
			for _, c := range channels {
				if !regexp.MustCompile(c).MatchString(out) {
					return fmt.Errorf("no %s in\n%s", c, out)
				}
			}
			return nil
		})
	}
	phone := newHomePhone(t, s, "1001")
	phone.registers()
	phone.answered(phone.calls("600"))
	up(`PJSIP/1001-\S+ +600@internal:\d+ +Up +Echo`)
	s.RX(t, "channel request hangup all")
	phone.isHungUp()

	shell(commands[2])
	phone.takes(phone.rings())
	up(`PJSIP/1001-\S+ .* Up `)
	s.RX(t, "channel request hangup all")
	phone.isHungUp()

	other := newHomePhone(t, s, "1002")
	call := other.calls("1001")
	phone.takes(phone.rings())
	other.answered(call)
	up(`PJSIP/1002-\S+ +1001@internal:\d+ +Up +Dial`, `PJSIP/1001-\S+ .* Up `)
	s.RX(t, "channel request hangup all")
	phone.isHungUp()
	other.isHungUp()
}
