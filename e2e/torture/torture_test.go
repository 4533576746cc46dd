package torture_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/torture"
)

const (
	messages = "../../testdata/sip/torture"
	// mutations are how many spoilt messages are sent over each of UDP and TCP, lot how many
	// between two calls that have to go well.
	mutations = 10000
	lot       = 100
)

const endpoints = `
[phone](!)
type = endpoint
allow = !all,ulaw,alaw
[1001](phone)
context = internal
auth = 1001
aors = 1001
[1001]
type = auth
username = 1001
password = secret
[1001]
type = aor
max_contacts = 3
remove_existing = yes
[1002](phone)
context = internal
auth = 1002
aors = 1002
[1002]
type = auth
username = 1002
password = other
[1002]
type = aor
max_contacts = 1
[anonymous](phone)
context = guest
`

const plan = `
[internal]
exten => 600,1,Answer()
 same => n,Echo()
exten => 601,1,Answer()
 same => n,Hangup()
exten => _100X,1,Dial(PJSIP/${EXTEN},1)
[guest]
exten => _.,1,Answer()
 same => n,Hangup()
`

func start(t *testing.T) *server.Server {
	t.Helper()
	return server.Start(t, server.Config{
		Files: map[string]string{"pjsip.conf": endpoints, "extensions.conf": plan},
		Set: map[string]string{
			"log.level": "info", "sip.t1": "20ms", // what nobody acknowledges is over soon
			// This is more than the machine can do: it is to be done nevertheless.
			"sip.overload.queue": "0s", "sip.overload.late": "0s",
		},
	})
}

// TestTheServerUnderTorture sends each message of the RFCs to the server as it is, and wants it
// to answer as it should, and OPTIONS and a REGISTER with a password after each; then 20,000
// messages with parts changed, half over UDP and half over TCP, with a call of the phone after
// each lot. Nothing panics, and nothing is left in the end.
func TestTheServerUnderTorture(t *testing.T) {
	alone(t)
	cases, seed := torture.Cases(t, messages), torture.Seed(t)
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			p := newPhone(t, s, network)
			p.hangsUp(p.answered()) // what is made once is made
			p.registers("*", "0")
			before := s.Resources(t)
			seen := make(map[string]bool)
			for _, c := range cases {
				tortured(t, s, network, c, seen)
				p.alive()
			}
			r := rand.New(rand.NewPCG(seed, 1))
			all := torture.Texts(t, messages)
			for range mutations / lot {
				call := p.answered()
				spoilt := make([]string, lot)
				for i := range spoilt {
					text := all[r.IntN(len(all))]
					if r.IntN(2) == 0 {
						text = p.request(r, call)
					}
					spoilt[i] = torture.Spoil(r, text)
				}
				if network == "udp" {
					datagrams(p, spoilt)
				} else {
					streams(t, s, spoilt)
				}
				p.Ping()
				p.hangsUp(call)
				p.connect(s) // with what it has been sent, and that nobody has read
			}
			p.alive()
			p.registers("*", "0")
			p.Close()
			s.RX(t, "channel request hangup all") // calls whose ACK was guessed
			s.Idle(t, before)
			if strings.Contains(s.Log(), "panic") {
				t.Error("something panicked")
			}
		})
	}
}

// tortured sends a message, and wants its answer.
func tortured(t *testing.T, s *server.Server, network string, c torture.Case, seen map[string]bool) {
	t.Helper()
	text := c.Text
	if id := c.Identity(); id != "" && seen[id] { // some of RFC 5118 look like repetitions of others
		text = strings.Replace(text, "Call-ID: ", fmt.Sprintf("Call-ID: %d", len(seen)), 1)
		seen[text] = true
	} else {
		seen[id] = true
	}
	want := c.Server
	if network == "tcp" && (c.TCP != c.UDP || c.TCPCloses) {
		want = c.TCP
	}
	p := dial(t, s, network)
	defer p.Close()
	p.Send(text)
	if network == "tcp" && c.TCPCloses {
		if want != 0 { // else the rest is awaited
			p.Skip(fmt.Sprintf("SIP/2.0 %d", want)) // what stands before it may be answered after it
			siptest.Wait(t, p.Ended())
		}
		return
	}
	options := p.NewCall("sip:127.0.0.1")
	options.Send("OPTIONS", "")
	got, answered := 0, false
	for !answered || got == 0 && want != 0 {
		m := p.Next()
		switch {
		case m.Header("Call-ID") == options.ID:
			answered = true
		case got == 0 && m.Status() > 100 && m.Status() != 180:
			got = m.Status()
		}
	}
	if got != want {
		t.Errorf("%s over %s: want %d, got %d", c.Name, network, want, got)
	}
}

func datagrams(p *phone, spoilt []string) {
	for i, text := range spoilt {
		p.Send(text)
		if i%25 == 24 {
			p.Ping() // the socket has a bound
		}
	}
}

// streams has a connection for every ten: what is spoilt may have no end, and takes what
// follows with it.
func streams(t *testing.T, s *server.Server, spoilt []string) {
	t.Helper()
	for len(spoilt) > 0 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.SIP))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range spoilt[:10] {
			if _, err := io.WriteString(c, text); err != nil {
				break // the server has had enough
			}
		}
		spoilt = spoilt[10:]
		if err := c.Close(); err != nil {
			t.Logf("close: %v", err) // it may have been first
		}
	}
}
