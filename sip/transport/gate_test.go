package transport

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// starved is a listener whose process has no descriptors left for a while.
type starved struct {
	net.Listener
	failures int
	accepted net.Conn
	deadline bool
	shed     int
}

func (s *starved) SetDeadline(at time.Time) error {
	s.deadline = !at.IsZero()
	return nil
}

func (s *starved) Accept() (net.Conn, error) {
	if s.deadline { // with the spare descriptor
		s.shed++
		a, _ := net.Pipe()
		return a, nil
	}
	if s.failures > 0 {
		s.failures--
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	if s.accepted != nil {
		c := s.accepted
		s.accepted = nil
		return c, nil
	}
	return nil, net.ErrClosed
}

func (s *starved) Close() error { return nil }

func TestAcceptOutlivesErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		s := &starved{failures: 20, accepted: a}
		notes := 0
		l := newGatedListener(s, newGate(10, 10, everyone), func(err error) {
			if errors.Is(err, syscall.EMFILE) {
				notes++
			}
		})
		begin := time.Now()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if notes != 20 || s.shed != 20 {
			t.Errorf("%d notes, %d shed", notes, s.shed)
		}
		// 5 ms doubling to a second: no busy loop, and no pause over a second.
		if d := time.Since(begin); d < 10*time.Second || d > 20*time.Second {
			t.Errorf("waited %v", d)
		}
		c.Close()
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestGate(t *testing.T) {
	g := newGate(3, 2, everyone)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for _, c := range []struct {
		ip   netip.Addr
		want bool
	}{{a, true}, {a, true}, {a, false}, {b, true}, {b, false}} {
		if got := g.enter(c.ip); got != c.want {
			t.Errorf("%v: %v", c.ip, got)
		}
	}
	one, two := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:3")
	h := newGate(3, 1, everyone)
	if !h.enter(one) || h.enter(two) {
		t.Error("one IPv6 network has as many connections as it has addresses")
	}
	if h.leave(one); !h.enter(two) {
		t.Error("a connection that ended still counts")
	}
	g.leave(a)
	if !g.enter(b) || g.drops.Load() != 2 || len(g.byIP) != 2 {
		t.Errorf("%+v", g.byIP)
	}
}

func everyone(netip.Addr) bool { return true }
