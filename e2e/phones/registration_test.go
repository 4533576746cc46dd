package phones_test

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
)

// phonesOnly are phones and nobody who would be let in without a password: 1001
// has room for three contacts, 1002 for one.
const phonesOnly = `
[phone](!)
type = endpoint
context = internal
allow = !all,ulaw,alaw
rtp_symmetric = yes
rewrite_contact = yes

[account](!)
type = auth
auth_type = userpass
password = secret

[1001](phone)
auth = 1001
aors = 1001
[1001](account)
username = 1001
[1001]
type = aor
max_contacts = 3
minimum_expiration = 2

[1002](phone)
auth = 1002
aors = 1002
[1002](account)
username = 1002
[1002]
type = aor
max_contacts = 1
remove_existing = yes

[1003](phone)
auth = 1003
aors = 1003
[1003](account)
username = 1003
[1003]
type = aor
max_contacts = 1
remove_existing = yes
`

func openRegistrar(t *testing.T) *lab {
	t.Helper()
	return start(t, map[string]string{
		"pjsip.conf":      phonesOnly,
		"extensions.conf": "[internal]\nexten => _100X,1,Dial(PJSIP/${EXTEN},30)\n same => n,Hangup()\nexten => 600,1,Echo()\n",
	})
}

// A phone registers over each transport, is called there, and calls.
func TestPhonesRegister(t *testing.T) {
	t.Parallel()
	l := openRegistrar(t)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		l.run(t, transport, func(t *testing.T) {
			caller := registered(t, l, "1003", "udp", peer.BaresipConfig{Tone: 503})
			b := registered(t, l, "1002", transport, peer.BaresipConfig{Tone: 877, Answer: true})
			caller.Dial(t, "1002")
			caller.Established(t)
			peer.Hears(t, "the phone", b.Recording(), 503, 877)
			peer.Hears(t, "the caller", caller.Recording(), 877, 503)
			caller.Hangup(t)
			b.Closed(t)
			b.Dial(t, "600")
			b.Await(t, "CALL_ESTABLISHED")
			peer.Hears(t, "the phone", b.Recording(), 877, 503)
			b.Hangup(t)
		})
	}
}

// registered starts a phone of phonesOnly, registered.
func registered(t *testing.T, l *lab, number, transport string, cfg peer.BaresipConfig) *peer.BaresipPeer {
	t.Helper()
	cfg.User, cfg.Password, cfg.Transport, cfg.Register, cfg.Server = number, "secret", transport, true, at(l.SIP)
	if transport == "tls" {
		cfg.Server = at(l.TLS)
	}
	b := peer.Baresip(t, cfg)
	b.Registered(t)
	return b
}

// The rules of the registrar: several contacts and no more than allowed, one in
// the place of another, expiry, removal of all; a wrong password, an unknown user
// and somebody else's address get nowhere.
func TestRulesOfRegistration(t *testing.T) {
	t.Parallel()
	l := openRegistrar(t)
	files, err := filepath.Glob("../../testdata/sip/registrar/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range append(files, "../../testdata/sip/phones/remove-existing.xml") {
		l.run(t, strings.TrimSuffix(filepath.Base(file), ".xml"), func(t *testing.T) {
			peer.Sipp(t, peer.SippConfig{Target: at(l.SIP), Scenario: file}).Wait(t)
		})
	}
	l.run(t, "a wrong password never gets in", func(t *testing.T) {
		b := peer.Baresip(t, peer.BaresipConfig{User: "1003", Password: "wrong", Server: at(l.SIP), Register: true})
		if e := b.Await(t, "REGISTER_OK", "REGISTER_FAIL"); e.Type != "REGISTER_FAIL" {
			t.Errorf("%s %s", e.Type, e.Param)
		}
		b.Dial(t, "600")
		if e := b.Await(t, "CALL_ESTABLISHED", "CALL_CLOSED"); e.Type != "CALL_CLOSED" {
			t.Errorf("%s %s", e.Type, e.Param)
		}
		if out := l.RX(t, "core show calls"); !strings.Contains(out, "\n0 calls processed\n") {
			t.Errorf("calls:\n%s", out)
		}
		if out := l.RX(t, "pjsip show contacts"); strings.Contains(out, "1003/") {
			t.Errorf("contacts:\n%s", out)
		}
	})
}

// A phone that has started again rings, though the address it had before is still
// registered.
func TestThePhoneThatRegisteredLastRings(t *testing.T) {
	l := openRegistrar(t)
	t.Run("one that goes without a word", func(t *testing.T) { registered(t, l, "1001", "udp", peer.BaresipConfig{}) })
	b := registered(t, l, "1001", "udp", peer.BaresipConfig{Tone: 877, Answer: true})
	if out := l.RX(t, "pjsip show contacts"); strings.Count(out, "1001/") != 2 {
		t.Errorf("contacts:\n%s", out)
	}
	caller := registered(t, l, "1003", "udp", peer.BaresipConfig{})
	caller.Dial(t, "1001")
	caller.Established(t)
	caller.Hangup(t)
	b.Closed(t)
}

// What a phone registered survives the end of the process, however sudden.
func TestBindingsSurviveAKill(t *testing.T) {
	l := openRegistrar(t)
	b := registered(t, l, "1002", "udp", peer.BaresipConfig{Tone: 877, Answer: true})
	l.Restart(t)
	caller := registered(t, l, "1003", "udp", peer.BaresipConfig{Tone: 503})
	caller.Dial(t, "1002")
	caller.Established(t)
	peer.Hears(t, "the phone", b.Recording(), 503, 877)
	caller.Hangup(t)
	b.Closed(t)
}

// own is what differs between any two answers.
var own = regexp.MustCompile(`nonce="[^"]*"|tag=[^;\s]*|opaque="[^"]*"`)

// A known and an unknown user get the same answer, byte for byte but for nonces
// and tags, to every method, with and without credentials.
func TestUnknownUsersAreToldTheSame(t *testing.T) {
	l := openRegistrar(t)
	conn, err := net.Dial("udp", at(l.SIP))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(method, user, uri, id, more string) string {
		t.Helper()
		message := fmt.Sprintf("%[1]s sip:%[4]s127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bK%[5]s;rport\r\nMax-Forwards: 70\r\n"+
			"From: <sip:%[3]s@127.0.0.1>;tag=me\r\nTo: <sip:%[3]s@127.0.0.1>\r\nCall-ID: %[5]s\r\nCSeq: 1 %[1]s\r\n"+
			"Contact: <sip:me@%[2]s>\r\n%[6]sContent-Length: 0\r\n\r\n", method, conn.LocalAddr(), user, uri, id, more)
		answer := peer.Answer(t, conn, message, "Call-ID: "+id)
		return own.ReplaceAllString(strings.NewReplacer(user, "USER", id, "ID").Replace(answer), "")
	}
	n := 0
	for _, method := range []string{"REGISTER", "INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE"} {
		for _, uri := range []string{"", "600@", "5550123@"} {
			for _, credentials := range []string{"", `Authorization: Digest username="%s", realm="asterisk", nonce="1", uri="sip:127.0.0.1", response="0", algorithm=MD5` + "\r\n"} {
				var answers [2]string
				for i, user := range []string{"1003", "7777"} {
					n++
					more := credentials
					if more != "" {
						more = fmt.Sprintf(more, user)
					}
					answers[i] = ask(method, user, uri, fmt.Sprintf("ask%03d", n), more)
				}
				if answers[0] != answers[1] {
					t.Errorf("%s %s: a known user is told\n%s\nan unknown one\n%s", method, uri, answers[0], answers[1])
				}
			}
		}
	}
}
