package mux

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/pion/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Both ports have one number.
func TestListen(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:0")
	s, err := Listen(at, true, 4, logging.NewDefaultLoggerFactory())
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr.Port() == 0 || s.Addr.Addr() != at.Addr() {
		t.Errorf("listens on %v", s.Addr)
	}
	for _, a := range s.UDP.GetListenAddresses() {
		if got := a.(*net.UDPAddr).AddrPort(); got != s.Addr {
			t.Errorf("UDP on %v, TCP on %v", got, s.Addr)
		}
	}
	if _, err := Listen(s.Addr, true, 4, logging.NewDefaultLoggerFactory()); err == nil {
		t.Error("listens twice on one port")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Connections over the limit are closed at once; one that ends makes room.
func TestTCPLimit(t *testing.T) {
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	bounded := newTCPListener(l, 1)
	accepted := make(chan net.Conn)
	go func() { // ends when the listener is closed, awaited below
		defer close(accepted)
		for {
			c, err := bounded.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := dial()
	one := <-accepted
	refused := dial()
	if _, err := refused.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a connection over the limit: %v", err)
	}
	for range 2 { // a second Close makes no more room
		_ = one.Close()
	}
	third := dial()
	two := <-accepted
	for _, c := range []io.Closer{first, refused, third, two, l} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for range accepted {
	}
}

func TestLocalAddresses(t *testing.T) {
	one := netip.MustParseAddr("127.0.0.1")
	if got, err := LocalAddresses(one, false); err != nil || len(got) != 1 || got[0] != one {
		t.Errorf("%v, %v", got, err)
	}
	got, err := LocalAddresses(netip.IPv4Unspecified(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range got {
		if !a.Is4() || a.IsLinkLocalUnicast() {
			t.Errorf("%v among the addresses of 0.0.0.0", a)
		}
	}
}
