package rtp

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestPortsConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*PortsConfig)
		ok     bool
	}{
		{"default", func(*PortsConfig) {}, true},
		{"ephemeral", func(c *PortsConfig) { c.First, c.Last = 0, 0 }, true},
		{"one pair", func(c *PortsConfig) { c.First, c.Last = 10000, 10001 }, true},
		{"up to the end", func(c *PortsConfig) { c.First, c.Last = 65000, 65535 }, true},
		{"odd to odd", func(c *PortsConfig) { c.First, c.Last = 10001, 10003 }, true},
		{"no room for RTCP", func(c *PortsConfig) { c.First, c.Last = 10000, 10000 }, false},
		{"odd to even", func(c *PortsConfig) { c.First, c.Last = 10001, 10002 }, false},
		{"turned round", func(c *PortsConfig) { c.First, c.Last = 20000, 10000 }, false},
		{"privileged", func(c *PortsConfig) { c.First = 1000 }, false},
		{"no address", func(c *PortsConfig) { c.Addresses = nil }, false},
		{"invalid address", func(c *PortsConfig) { c.Addresses = []netip.Addr{{}} }, false},
		{"multicast", func(c *PortsConfig) { c.Addresses = []netip.Addr{netip.MustParseAddr("224.0.0.1")} }, false},
		{"small receive buffer", func(c *PortsConfig) { c.ReceiveBuffer = 100 }, false},
		{"large send buffer", func(c *PortsConfig) { c.SendBuffer = 1 << 30 }, false},
		{"DSCP", func(c *PortsConfig) { c.DSCP = 64 }, false},
	} {
		cfg := DefaultPortsConfig()
		c.change(&cfg)
		_, err := NewPorts(cfg)
		if (err == nil) != c.ok || (err != nil && fault.Of(err) != fault.Invalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// freeRange finds even ports n in a row that nothing uses and that no other process of
// this test gets. They lie where neither the kernel nor the tests of phones take any.
func freeRange(t *testing.T, n int) (first uint16) {
	t.Helper()
	const lowest, width, ranges = 2050, 150, 9
	from := rand.IntN(ranges)
	for i := range ranges {
		first := uint16(lowest + (from+i)%ranges*width)
		lock, err := net.Listen("unix", fmt.Sprintf("@skybridge-rtp-test-%d", first)) // has no file; ends with the process
		if err != nil {
			continue // another's
		}
		if allFree(t, first, 2*n) {
			t.Cleanup(func() {
				if err := lock.Close(); err != nil {
					t.Error(err)
				}
			})
			return first
		}
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("no %d free ports in a row", 2*n)
	return 0
}

// allFree reports whether nothing uses any of n ports.
func allFree(t *testing.T, first uint16, n int) bool {
	t.Helper()
	for i := range n {
		probe, err := listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), first+uint16(i)), DefaultPortsConfig().options())
		if err != nil {
			return false
		}
		if err := probe.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

func TestPortsRange(t *testing.T) {
	const pairs = 70 // more than a word of bits
	local := netip.MustParseAddr("127.0.0.1")
	cfg := DefaultPortsConfig()
	cfg.Addresses = []netip.Addr{local}
	cfg.First = freeRange(t, pairs)
	cfg.Last = cfg.First + 2*pairs - 1
	busy, err := listen(netip.AddrPortFrom(local, cfg.First+10), cfg.options())
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPorts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint16]*Socket{}
	for range pairs - 1 {
		s := open(t, p)
		port := s.LocalAddr().Port()
		if port%2 != 0 || port < cfg.First || port > cfg.Last || port == busy.LocalAddr().Port() || seen[port] != nil {
			t.Fatalf("port %d", port)
		}
		seen[port] = s
	}
	if _, err := p.Open(); fault.Of(err) != fault.Unavailable {
		t.Fatalf("all taken: %v", err)
	}
	if p.InUse() != pairs-1 {
		t.Errorf("%d in use", p.InUse())
	}
	if err := seen[cfg.First].Close(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, p); s.LocalAddr().Port() != cfg.First {
		t.Errorf("port %d, only %d is free", s.LocalAddr().Port(), cfg.First)
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, p); s.LocalAddr().Port() != cfg.First+10 {
		t.Errorf("port %d, only %d is free", s.LocalAddr().Port(), cfg.First+10)
	}
	if _, err := p.Open(); fault.Of(err) != fault.Unavailable {
		t.Fatalf("all taken: %v", err)
	}
}

func TestPortsAddresses(t *testing.T) {
	p := loopback(t, "127.0.0.1", "127.0.0.2")
	s, err := p.OpenOn(netip.MustParseAddr("127.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.LocalAddr().Addr().String(); got != "127.0.0.2" {
		t.Error(got)
	}
	rtcp, err := p.OpenRTCP(s)
	if err != nil {
		t.Fatal(err)
	}
	if rtcp.LocalAddr().Port() != s.LocalAddr().Port()+1 || p.InUse() != 1 {
		t.Errorf("RTCP on %v beside %v, %d in use", rtcp.LocalAddr(), s.LocalAddr(), p.InUse())
	}
	if err := rtcp.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil || p.InUse() != 0 {
		t.Errorf("%v, %d in use", err, p.InUse())
	}
	if _, err := p.OpenOn(netip.MustParseAddr("127.0.0.3")); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
	// 192.0.2.0/24 is for documentation and no machine's own.
	if _, err := loopback(t, "192.0.2.1").Open(); fault.Of(err) != fault.Unavailable {
		t.Error(err)
	}
}

// An unspecified address stands for all of its family, and shares the ports with them; a
// peer gets one of its own family.
func TestPortsOfFamilies(t *testing.T) {
	cfg := DefaultPortsConfig()
	cfg.Addresses = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Loopback()}
	cfg.First = freeRange(t, 2)
	cfg.Last = cfg.First + 3
	p, err := NewPorts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for peer, want := range map[string]string{"192.0.2.1": "0.0.0.0", "::ffff:192.0.2.1": "0.0.0.0", "2001:db8::1": "::1"} {
		if got, err := p.Local(netip.MustParseAddr(peer)); err != nil || got.String() != want {
			t.Errorf("for %s: %v, %v", peer, got, err)
		}
	}
	if _, err := p.Local(netip.Addr{}); fault.Of(err) != fault.NotAcceptable {
		t.Errorf("for nobody: %v", err)
	}
	one, control, err := p.OpenPairOn(netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	if got := one.LocalAddr().Addr().String(); got != "127.0.0.1" {
		t.Errorf("on %s", got)
	}
	if p.Used() != 0.5 {
		t.Errorf("%v of the ports are used", p.Used())
	}
	two, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.OpenOn(netip.MustParseAddr("127.0.0.1")); fault.Of(err) != fault.Unavailable {
		t.Errorf("a third of two: %v", err)
	}
	if p.Used() != 1 {
		t.Errorf("%v of the ports are used", p.Used())
	}
	if _, err := p.OpenOn(netip.MustParseAddr("::2")); fault.Of(err) != fault.Invalid {
		t.Errorf("at an address that nothing stands for: %v", err)
	}
	for _, s := range []*Socket{one, control, two} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if p.Used() != 0 || p.InUse() != 0 {
		t.Errorf("%v of the ports are used", p.Used())
	}
}

func TestPortsConcurrent(t *testing.T) {
	p := loopback(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { // ends after its 50 sockets
			for range 50 {
				s, err := p.Open()
				if err != nil {
					t.Error(err)
					return
				}
				if s.LocalAddr().Port()%2 != 0 {
					t.Errorf("odd port %v", s.LocalAddr())
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if p.InUse() != 0 {
		t.Errorf("%d in use", p.InUse())
	}
}
