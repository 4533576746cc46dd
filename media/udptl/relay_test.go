package udptl

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// gateway is a party with a socket of its own.
type gateway struct {
	t    *testing.T
	conn *net.UDPConn
	end  *End
}

func newGateway(t *testing.T, ports *rtp.Ports) *gateway {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ports.Open()
	if err != nil {
		t.Fatal(err)
	}
	end, err := NewEnd(s)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t, conn, end}
	end.SetRemote(g.addr(), false)
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), end.Close()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gateway) addr() netip.AddrPort { return g.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (g *gateway) send(b []byte) {
	g.t.Helper()
	if _, err := g.conn.WriteToUDPAddrPort(b, g.end.LocalAddr()); err != nil {
		g.t.Fatal(err)
	}
}

// hears waits for the next datagram.
func (g *gateway) hears(want []byte) {
	g.t.Helper()
	if err := g.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		g.t.Fatal(err)
	}
	b := make([]byte, 2048)
	n, from, err := g.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		g.t.Fatal(err)
	}
	if !bytes.Equal(b[:n], want) || from != g.end.LocalAddr() {
		g.t.Fatalf("% x from %v, want % x", b[:n], from, want)
	}
}

func newPorts(t *testing.T) *rtp.Ports {
	t.Helper()
	cfg := rtp.DefaultPortsConfig()
	cfg.Addresses, cfg.First, cfg.Last = []netip.Addr{netip.MustParseAddr("127.0.0.1")}, 0, 0
	ports, err := rtp.NewPorts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d ports are not given back", n)
		}
	})
	return ports
}

// What one gateway sends the other gets, as it is; what is nothing, or a stranger's, it
// does not. Numbers that no packet brings are lost.
func TestPassing(t *testing.T) {
	ports := newPorts(t)
	a, b, stranger := newGateway(t, ports), newGateway(t, ports), newGateway(t, ports)
	if err := Join(a.end, b.end, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	first, second := Append(nil, 0, []byte{6}), Append(nil, 1, []byte{2}, []byte{6})
	a.send(first)
	b.hears(first)
	b.send(second)
	a.hears(second)
	a.send([]byte("no UDPTL"))
	if _, err := stranger.conn.WriteToUDPAddrPort(first, a.end.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	late := Append(nil, 9, []byte{1}, []byte{2}, []byte{3}) // 1 to 6 are lost
	a.send(late)
	b.hears(late)
	if s := a.end.Stats(); s != (Stats{In: 2, Out: 1, Lost: 6, Malformed: 1, Strangers: 1}) {
		t.Errorf("%+v", s)
	}
	if s := b.end.Stats(); s != (Stats{In: 1, Out: 2}) {
		t.Errorf("%+v", s)
	}
}

// A party behind a NAT is where its first packet comes from, and stays there.
func TestSymmetricParty(t *testing.T) {
	ports := newPorts(t)
	a, b, stranger := newGateway(t, ports), newGateway(t, ports), newGateway(t, ports)
	a.end.SetRemote(netip.MustParseAddrPort("192.0.2.1:4000"), true)
	if err := Join(a.end, b.end, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	p := Append(nil, 0, []byte{6})
	a.send(p)
	b.hears(p)
	b.send(p)
	a.hears(p)
	if _, err := stranger.conn.WriteToUDPAddrPort(p, a.end.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	a.send(Append(nil, 1, []byte{6}))
	b.hears(Append(nil, 1, []byte{6}))
	if s := a.end.Stats(); s.Strangers != 1 {
		t.Errorf("%+v", s)
	}
}

// An end is joined once, and free again when the other one is closed.
func TestJoinedOnce(t *testing.T) {
	ports := newPorts(t)
	a, b, c := newGateway(t, ports), newGateway(t, ports), newGateway(t, ports)
	log := slog.New(slog.DiscardHandler)
	if err := Join(a.end, b.end, log); err != nil {
		t.Fatal(err)
	}
	if err := Join(c.end, a.end, log); fault.Of(err) != fault.Conflict {
		t.Fatalf("joined twice: %v", err)
	}
	if err := b.end.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Join(a.end, c.end, log); err != nil {
		t.Fatal(err)
	}
	p := Append(nil, 3, []byte{6})
	a.send(p)
	c.hears(p)
	if err := Join(a.end, b.end, log); fault.Of(err) != fault.Conflict {
		t.Errorf("joined to a closed end: %v", err)
	}
}

// Ends may be closed while they are joined: nothing is left that reads.
func TestClosedWhileJoined(t *testing.T) {
	ports := newPorts(t)
	log := slog.New(slog.DiscardHandler)
	for range 50 {
		a, b, c := newGateway(t, ports), newGateway(t, ports), newGateway(t, ports)
		var work sync.WaitGroup
		for _, join := range [][2]*End{{a.end, b.end}, {c.end, b.end}} {
			work.Go(func() {
				if err := Join(join[0], join[1], log); err != nil && fault.Of(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		for _, e := range []*End{a.end, c.end} {
			work.Go(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		b.end.mu.Lock()
		left := b.end.link
		b.end.mu.Unlock()
		if left != nil {
			t.Fatal("joined to one that is closed")
		}
	}
}
