package mixer

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// gathered is where packets of handshakes go; it counts the peer's.
type gathered struct {
	peer netip.AddrPort
	came chan struct{}
}

func (g *gathered) Wake() {}

func (g *gathered) Take(_ []byte, from netip.AddrPort) {
	if from == g.peer {
		g.came <- struct{}{} // has room for all that the peer sends
	}
}

// A flood of handshakes from strangers leaves those of the peer where they were: a flight
// of it is handed over, whatever came before.
func TestStrangersHandshakesCostThePeerNone(t *testing.T) {
	eachIO(t, testStrangersHandshakesCostThePeerNone)
}

func testStrangersHandshakesCostThePeerNone(t *testing.T, io IO) {
	l := newLive(t, quiet().by(io))
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stranger.Close(); err != nil {
			t.Error(err)
		}
	})
	const flight = 12
	got := &gathered{came: make(chan struct{}, flight)}
	h := l.handset("a", PortConfig{Keying: got})
	got.peer = h.addr() // nobody has sent anything yet
	h.port.SetRemote(netip.MustParseAddrPort("127.0.0.1:9"), false)
	h.port.SetRemote(h.addr(), true) // and open to all, until RTP comes
	moved := make(chan struct{})
	h.port.do(func(*leg.Bench) { close(moved) })
	<-moved
	hello := make([]byte, 200)
	hello[0], hello[1], hello[2] = 22, 0xfe, 0xfd
	for range 40 { // more than are handed over in one go, fewer than the socket holds
		if _, err := stranger.WriteToUDPAddrPort(hello, h.to); err != nil {
			t.Fatal(err)
		}
	}
	for range flight {
		if _, err := h.conn.WriteToUDPAddrPort(hello, h.to); err != nil {
			t.Fatal(err)
		}
	}
	timeout := time.After(5 * time.Second)
	for i := range flight {
		select {
		case <-got.came:
		case <-timeout:
			t.Fatalf("%d packets of the peer's are handed over", i)
		}
	}
}
