package transport_test

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// door is a screen that a test holds: it counts who asks, and lets none in but those it
// is told to.
type door struct {
	mu       sync.Mutex
	waits    []time.Duration // of the next messages; 0 after them
	closed   bool            // to connections
	certain  bool            // said of the source of the last message
	asked    chan time.Duration
	expected chan netip.Addr
}

func newDoor(waits ...time.Duration) *door {
	return &door{waits: waits, asked: make(chan time.Duration, 64), expected: make(chan netip.Addr, 64)}
}

func (d *door) Message(_ netip.Addr, certain bool) (wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.certain = certain
	if len(d.waits) > 0 {
		wait, d.waits = d.waits[0], d.waits[1:]
	}
	d.asked <- wait
	return wait
}

func (d *door) Connection(netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closed
}

// believes tells whether the last message was said to be of its source for certain.
func (d *door) believes() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.certain
}

func (d *door) Expect(a netip.Addr) { d.expected <- a }

func guarded(t *testing.T, d *door, networks ...string) *sip.Server {
	t.Helper()
	cfg := siptest.Config(networks...)
	cfg.Transport.Screen = d
	return siptest.Server(t, cfg, siptest.Polite{})
}

// What a source may not send yet is dropped over UDP, and waited for over a connection;
// who is banned has none.
func TestScreen(t *testing.T) {
	t.Run("udp", func(t *testing.T) {
		d := newDoor(time.Nanosecond, transport.Never)
		s := guarded(t, d, "udp")
		p := siptest.UDP(t, s.Addr("udp"))
		for range 2 {
			p.NewCall("sip:127.0.0.1").Send("OPTIONS", "")
			siptest.Wait(t, d.asked)
		}
		p.Ping()
		if n := s.Stats().RequestsIn; n != 1 {
			t.Errorf("%d requests were read", n)
		}
		if d.believes() {
			t.Error("the source of a datagram is believed")
		}
	})
	for _, network := range []string{"tcp", "ws"} {
		connect := func(t *testing.T, s *sip.Server) *siptest.Peer {
			if network == "tcp" {
				return siptest.TCP(t, s.Addr("tcp"))
			}
			return siptest.WebSocket(t, "ws://"+s.Addr("ws").String()+"/ws", nil, nil)
		}
		t.Run(network, func(t *testing.T) {
			d := newDoor(time.Millisecond, time.Nanosecond)
			p := connect(t, guarded(t, d, network))
			p.Ping() // asked thrice, read once
			for _, want := range []time.Duration{time.Millisecond, time.Nanosecond, 0} {
				if got := siptest.Wait(t, d.asked); got != want {
					t.Errorf("waited %v, not %v", got, want)
				}
			}
			call := p.NewCall("sip:127.0.0.1")
			p.Send(call.Request("OPTIONS", "")) // one message in two parts costs one
			if got := siptest.Wait(t, d.asked); got != 0 {
				t.Error(got)
			}
			p.Want("SIP/2.0 200")
			if !d.believes() {
				t.Error("the source of a connection is not believed")
			}
			if n := len(d.asked); n != 0 {
				t.Errorf("asked %d times more", n)
			}
		})
		t.Run(network+", banned", func(t *testing.T) {
			d := newDoor(0, transport.Never)
			s := guarded(t, d, network)
			p := connect(t, s)
			p.Ping()
			p.Send(p.NewCall("sip:127.0.0.1").Request("OPTIONS", ""))
			siptest.Wait(t, p.Ended())
			if n := s.Stats().RequestsIn; n != 1 {
				t.Errorf("%d requests were read", n)
			}
			d.mu.Lock()
			d.closed = true
			d.mu.Unlock()
			c, err := net.Dial("tcp", s.Addr(network).String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ends(t, c)
		})
	}
	// Close does not wait for who waits.
	t.Run("closed", func(t *testing.T) {
		d := newDoor(time.Hour)
		p := siptest.TCP(t, guarded(t, d, "tcp").Addr("tcp"))
		p.NewCall("sip:127.0.0.1").Send("OPTIONS", "")
		siptest.Wait(t, d.asked)
	})
}

// A part of a message asks for the whole of it, once.
func TestScreenCountsMessages(t *testing.T) {
	d := newDoor()
	s := guarded(t, d, "tcp")
	p := siptest.TCP(t, s.Addr("tcp"))
	text, next := p.NewCall("sip:127.0.0.1").Request("OPTIONS", ""), p.NewCall("sip:127.0.0.1").Request("OPTIONS", "")
	p.Send(text[:20])
	siptest.Wait(t, d.asked)
	p.Send(text[20:] + next[:30])
	p.Want("SIP/2.0 200")
	siptest.Wait(t, d.asked)
	p.Send(next[30:])
	p.Want("SIP/2.0 200")
	if n := len(d.asked); n != 0 {
		t.Errorf("asked %d times more", n)
	}
}

// Where a request of ours goes is expected to answer.
func TestScreenExpects(t *testing.T) {
	d := newDoor()
	s := guarded(t, d, "udp")
	p := siptest.UDP(t, netip.AddrPort{})
	done := make(chan error, 1)
	o := sip.Outbound{Method: "OPTIONS", Target: message.URI{Scheme: "sip", Host: "127.0.0.1", Port: int(p.Local().Port())}}
	o.From = message.Address{URI: message.URI{Scheme: "sip", User: "x", Host: "127.0.0.1"}}
	go func() { // ended by the answer below
		_, err := s.Request(siptest.Ctx(t), o)
		done <- err
	}()
	p.Send(p.Response(p.Skip("OPTIONS "), 200, "x", nil, ""))
	if err := siptest.Wait(t, done); err != nil {
		t.Error(err)
	}
	if a := siptest.Wait(t, d.expected); a != p.Local().Addr() {
		t.Errorf("expected %s", a)
	}
}
