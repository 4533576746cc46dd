package turn

import (
	"net"
	"net/netip"
	"testing"
)

// lone is a relay that nobody has asked for, to a peer.
func lone(t testing.TB) (*relay, *peer) {
	t.Helper()
	s := serve(t, func(c *Config) { c.AllowPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	s.config.Bitrate = 1 << 40
	conn, err := s.openRelay(netip.MustParseAddr("127.0.0.1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{server: s, UDPConn: conn, account: s.quotas.enter("alice", s.now())}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, newPeer(t, "127.0.0.1:0")
}

// What is looked at and counted of each packet takes no memory.
func TestARelayAllocatesNothing(t *testing.T) {
	r, p := lone(t)
	packet, to := make([]byte, 1200), net.Addr(net.UDPAddrFromAddrPort(p.at))
	at := r.UDPConn.LocalAddr().(*net.UDPAddr).AddrPort()
	buf := make([]byte, mtu)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := r.WriteTo(packet, to); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("to a peer: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.WriteToUDPAddrPort(packet, at); err != nil {
			t.Fatal(err)
		}
		if n, _, err := r.ReadFrom(buf); err != nil || n != len(packet) {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("from a peer: %v allocations", n)
	}
}

func BenchmarkRelay(b *testing.B) {
	r, p := lone(b)
	packet, to := make([]byte, 1200), net.Addr(net.UDPAddrFromAddrPort(p.at))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.WriteTo(packet, to); err != nil {
			b.Fatal(err)
		}
	}
}
