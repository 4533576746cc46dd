package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// allOfPort opens listeners at one port of all addresses of each family.
func allOfPort(t *testing.T, network string, hosts ...string) *Layer {
	t.Helper()
	for range 50 { // as long as something else takes the port first
		probe, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := probe.Addr().(*net.TCPAddr).Port
		if err := probe.Close(); err != nil {
			t.Fatal(err)
		}
		cfg := Default()
		for _, h := range hosts {
			cfg.Listeners = append(cfg.Listeners, Listener{Network: network, Address: fmt.Sprintf("%s:%d", h, port)})
		}
		l, err := New(cfg, Events{
			Receive: func(Flow, *message.Parsed, error) {}, Closed: func(message.FlowID) {},
			Quirk: func(string, netip.AddrPort, error) {}, Guard: func(_ string, f func()) bool { f(); return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Open(t.Context())
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		return l
	}
	t.Fatal("no free port")
	return nil
}

// Listeners at 0.0.0.0 and at [::] with one port stand beside each other, in any order, and
// each peer is sent to from that of its family.
func TestBothFamiliesAtOnePort(t *testing.T) {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6: %v", err)
	} else if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"udp", "tcp", "ws"} {
		for _, hosts := range [][]string{{"0.0.0.0", "[::]"}, {"[::]", "0.0.0.0"}, {"127.0.0.1", "[::]"}, {"[::]", "127.0.0.1"}} {
			l := allOfPort(t, network, hosts...)
			if network != "udp" {
				continue
			}
			for _, peer := range []string{"127.0.0.1", "::1"} {
				to := netip.AddrPortFrom(netip.MustParseAddr(peer), 9)
				f, err := l.udpFlowTo(to, "")
				if err != nil {
					t.Fatal(err)
				}
				if got := f.Source().Local.Addr(); got.Is4() != to.Addr().Is4() {
					t.Errorf("%v: %s is sent to from %v", hosts, peer, got)
				}
			}
		}
	}
}

// A socket of one family reaches the other one only where it is of both.
func TestReaches(t *testing.T) {
	for _, tc := range []struct {
		local string
		both  bool
		peer  string
		want  int
	}{
		{"0.0.0.0", true, "192.0.2.1", 2},
		{"0.0.0.0", true, "2001:db8::1", 0},
		{"::", true, "192.0.2.1", 1},
		{"::", false, "192.0.2.1", 0},
		{"::", false, "2001:db8::1", 2},
		{"2001:db8::2", true, "192.0.2.1", 0},
		{"127.0.0.1", true, "192.0.2.1", 0},
		{"127.0.0.1", true, "127.0.0.2", 2},
		{"::1", true, "2001:db8::1", 0},
		{"::1", true, "::1", 2},
	} {
		s := &udpSocket{local: netip.AddrPortFrom(netip.MustParseAddr(tc.local), 5060), both: tc.both}
		if got := s.reaches(netip.MustParseAddr(tc.peer)); got != tc.want {
			t.Errorf("%s reaches %s: %d, want %d", tc.local, tc.peer, got, tc.want)
		}
	}
}

// The port that a peer is told is that of the listener at the address it is told.
func TestListening(t *testing.T) {
	at := func(network, a string) boundListener {
		return boundListener{network: network, addr: netip.MustParseAddrPort(a)}
	}
	l := &Layer{bound: []boundListener{
		at("tcp", "0.0.0.0:5060"), at("tcp", "[::]:5070"), at("tcp", "192.0.2.1:5080"), at("tls", "[::]:5061"), at("ws", "192.0.2.9:80"),
	}}
	for _, tc := range []struct {
		network, local string
		want           uint16
	}{
		{"tcp", "192.0.2.1", 5080},
		{"tcp", "192.0.2.2", 5060},
		{"tcp", "2001:db8::1", 5070},
		{"tls", "192.0.2.2", 5061},
		{"ws", "192.0.2.2", 80},
		{"wss", "192.0.2.2", 0},
	} {
		if got := l.listening(tc.network, netip.MustParseAddr(tc.local)); got != tc.want {
			t.Errorf("%s at %s: %d, want %d", tc.network, tc.local, got, tc.want)
		}
	}
}
