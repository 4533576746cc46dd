package torture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const registrants = `
[phone](!)
type = endpoint
allow = !all,ulaw
[account](!)
type = auth
password = secret
[room](!)
type = aor
max_contacts = 5
[watson](phone)
auth = watson
aors = watson
[watson](account)
username = watson
[watson](room)
[user](phone)
auth = user
aors = user
[user](account)
username = user
[user](room)
[j.user](phone)
auth = j.user
aors = j.user
[j.user](account)
username = j.user
[j.user](room)
`

// TestTortureRegistersAtTheServer sends the REGISTERs of the RFCs to the server as it is, which
// has who they name: each is challenged as it stands, and with credentials, a
// branch and a CSeq of its own it must bind what the RFC says. The rest of them, and what is kept, is in sip/registrar.
func TestTortureRegistersAtTheServer(t *testing.T) {
	alone(t)
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s := server.Start(t, server.Config{Files: map[string]string{"pjsip.conf": registrants, "extensions.conf": plan}})
			for _, tt := range []struct {
				name, user string
				status     int
				contact    string
				shown      string // in pjsip show contacts, which has room for so much
			}{
				{"cparam01", "watson", 200, "<sip:+19725552222@gw1.example.net>;unknownparam", "watson/sip:+19725552222@gw1.example.net "},
				{"cparam02", "watson", 200, "<sip:+19725552222@gw1.example.net;unknownparam>", "watson/sip:+19725552222@gw1.example.net;unknow"},
				{"regescrt", "user", 200, "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>", "user/sip:user@example.com?Route=%3Csip:sip.exa"},
				{"regbadct", "user", 400, "", ""},
				{"regaut01", "j.user", 200, "", ""},
				{"ipv6-good", "user", 200, `"Caller" <sip:caller@[2001:db8::1]>`, "user/sip:caller@[2001:db8::1] "},
				{"port-ambiguous", "user", 200, `"Caller" <sip:caller@[2001:db8::1]>`, "user/sip:caller@[2001:db8::1] "},
				{"port-unambiguous", "user", 200, `"Caller" <sip:caller@[2001:db8::1]>`, "user/sip:caller@[2001:db8::1] "},
			} {
				file, err := os.ReadFile(filepath.Join(messages, tt.name+".sip"))
				if err != nil {
					t.Fatal(err)
				}
				p, text := dial(t, s, network), string(file)
				if strings.HasPrefix(tt.name, "port-") { // they have Call-ID and CSeq of ipv6-good
					text = strings.Replace(text, "Call-ID: ", "Call-ID: "+tt.name, 1)
				}
				m := registered(t, p, text, tt.user)
				var got []string
				for _, c := range m.Headers("Contact") {
					got = append(got, regexp.MustCompile(`;expires=\d+`).ReplaceAllString(c, ""))
				}
				if want := strings.Fields(tt.contact); m.Status() != tt.status || !slices.Equal(strings.Fields(strings.Join(got, " ")), want) {
					t.Errorf("%s: want %d, Contact %s, got\n%s", tt.name, tt.status, tt.contact, m.Text)
				}
				if out := s.RX(t, "pjsip show contacts"); tt.shown != "" && !strings.Contains(out, tt.shown) {
					t.Errorf("%s: no contact %q in\n%s", tt.name, tt.shown, out)
				}
				forgotten(t, p, text, tt.user)
				p.Close()
			}
		})
	}
}

var cseq = regexp.MustCompile(`CSeq: (\d+) REGISTER`)

// registered sends a REGISTER as it stands, which must be challenged, and then with credentials
// until it gets another answer.
func registered(t *testing.T, p *siptest.Peer, text, user string) *siptest.Message {
	t.Helper()
	client := digest.NewClient(digest.Account{Realm: "asterisk", Credentials: digest.Credentials{Username: user, Password: "secret"}})
	uri := strings.Fields(text)[1]
	p.Send(text)
	m := p.Next()
	if m.Status() != 401 {
		t.Fatalf("want a challenge, got\n%s", m.Text)
	}
	attempt := client.Begin("REGISTER", uri)
	for n := 1; m.Status() == 401; n++ {
		if err := attempt.Challenged(401, m.Headers("WWW-Authenticate")); err != nil {
			t.Fatalf("%v\n%s", err, m.Text)
		}
		again := regexp.MustCompile(`branch=[^\r;]+`).ReplaceAllString(text, "branch="+siptest.ID("z9hG4bK"))
		again = cseq.ReplaceAllStringFunc(again, func(line string) string {
			seq, err := strconv.Atoi(cseq.FindStringSubmatch(line)[1])
			if err != nil {
				t.Fatal(err)
			}
			return "CSeq: " + strconv.Itoa(seq+n) + " REGISTER"
		})
		for _, h := range attempt.Headers() {
			again = strings.Replace(again, "\r\nMax-Forwards", "\r\n"+h.Name+": "+h.Value+"\r\nMax-Forwards", 1)
		}
		p.Send(again)
		m = p.Next()
	}
	return m
}

// forgotten removes all contacts again: some of the messages have one Call-ID and CSeq.
func forgotten(t *testing.T, p *siptest.Peer, text, user string) {
	t.Helper()
	text = regexp.MustCompile(`\r\n(?:Contact|M): [^\r]*`).ReplaceAllString(text, "")
	text = strings.Replace(text, "\r\nMax-Forwards", "\r\nContact: *\r\nExpires: 0\r\nMax-Forwards", 1)
	text = strings.Replace(text, "Call-ID: ", "Call-ID: "+siptest.ID("star"), 1)
	text = regexp.MustCompile(`branch=[^\r;]+`).ReplaceAllString(text, "branch="+siptest.ID("z9hG4bK"))
	if m := registered(t, p, text, user); m.Status() != 200 || len(m.Headers("Contact")) != 0 {
		t.Fatalf("still there:\n%s", m.Text)
	}
}
