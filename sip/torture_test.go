package sip_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/siptest/torture"
)

const tortureDir = "../testdata/sip/torture"

// TestTorture sends each message of RFC 4475 and RFC 5118 over UDP and
// TCP, and an OPTIONS after it, which must be answered.
func TestTorture(t *testing.T) {
	var s, stream *sip.Server
	seen := make(map[string]bool)
	for _, c := range torture.Cases(t, tortureDir) {
		id := c.Identity()
		if s == nil || seen[id] { // some of RFC 5118 look like repetitions of others
			s = siptest.Server(t, siptest.Config("udp"), siptest.Polite{})
			cfg := siptest.Config("tcp")
			cfg.Transport.Limits.MessageTimeout = 200 * time.Millisecond
			stream = siptest.Server(t, cfg, siptest.Polite{})
			clear(seen)
		}
		seen[id] = true
		t.Run(c.Name+"/udp", func(t *testing.T) {
			p := siptest.UDP(t, s.Addr("udp"))
			p.Send(c.Text)
			tortured(t, p, c.UDP, liveness(p, s, "udp"))
		})
		t.Run(c.Name+"/tcp", func(t *testing.T) {
			p := siptest.TCP(t, stream.Addr("tcp"))
			p.Send(c.Text)
			if !c.TCPCloses {
				tortured(t, p, c.TCP, liveness(p, stream, "tcp"))
				return
			}
			if c.TCP != 0 {
				p.Skip("SIP/2.0 " + strconv.Itoa(c.TCP))
			}
			siptest.Wait(t, p.Ended())
			again := siptest.TCP(t, stream.Addr("tcp"))
			tortured(t, again, 0, liveness(again, stream, "tcp"))
		})
	}
}

func liveness(p *siptest.Peer, s *sip.Server, network string) string {
	call := p.NewCall("sip:" + s.Addr(network).String())
	p.Send(call.Request("OPTIONS", ""))
	return call.ID
}

// tortured reads until the OPTIONS is answered, and checks what came for the
// message before it. Answers may overtake each other.
func tortured(t *testing.T, p *siptest.Peer, want int, options string) {
	t.Helper()
	got := 0
	for alive := false; !alive || got == 0 && want != 0; {
		m := p.Next()
		switch {
		case m.Header("Call-ID") == options:
			if m.Status() != 200 {
				t.Fatalf("liveness:\n%s", m.Text)
			}
			alive = true
		case got == 0 && m.Status() != 100:
			got = m.Status()
		}
	}
	if got != want {
		t.Errorf("want %d, got %d", want, got)
	}
}
