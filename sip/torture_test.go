package sip_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

const tortureDir = "../testdata/sip/torture"

// tortureCase is one line of expect.txt: what a message gets over UDP and over
// TCP; 0 is silence, and "close" that the connection ends after the answer.
type tortureCase struct {
	name      string
	udp, tcp  int
	tcpCloses bool
}

func tortureCases(t testing.TB) []tortureCase {
	t.Helper()
	f, err := os.Open(filepath.Join(tortureDir, "expect.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []tortureCase
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Fields(strings.Split(sc.Text(), "#")[0])
		if len(fields) < 3 {
			continue
		}
		c := tortureCase{name: fields[0]}
		if c.udp, err = strconv.Atoi(fields[1]); err != nil {
			t.Fatalf("%s: %v", fields[0], err)
		}
		tcp, closes := strings.CutSuffix(fields[2], "+close")
		if c.tcp, err = strconv.Atoi(tcp); err != nil {
			t.Fatalf("%s: %v", fields[0], err)
		}
		c.tcpCloses = closes
		out = append(out, c)
	}
	return out
}

// TestTorture sends each message of RFC 4475 and RFC 5118 over UDP and
// TCP, and an OPTIONS after it, which must be answered.
func TestTorture(t *testing.T) {
	s := siptest.Server(t, siptest.Config("udp"), siptest.Polite{})
	cfg := siptest.Config("tcp")
	cfg.Transport.Limits.MessageTimeout = 200 * time.Millisecond
	stream := siptest.Server(t, cfg, siptest.Polite{})
	for _, c := range tortureCases(t) {
		raw, err := os.ReadFile(filepath.Join(tortureDir, c.name+".sip"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(c.name+"/udp", func(t *testing.T) {
			p := siptest.UDP(t, s.Addr("udp"))
			p.Send(string(raw))
			tortured(t, p, c.udp, liveness(p, s, "udp"))
		})
		t.Run(c.name+"/tcp", func(t *testing.T) {
			p := siptest.TCP(t, stream.Addr("tcp"))
			p.Send(string(raw))
			if !c.tcpCloses {
				tortured(t, p, c.tcp, liveness(p, stream, "tcp"))
				return
			}
			if c.tcp != 0 {
				p.Skip("SIP/2.0 " + strconv.Itoa(c.tcp))
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
