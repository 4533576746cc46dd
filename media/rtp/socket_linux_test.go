package rtp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func loopback(t testing.TB, addrs ...string) *Ports {
	t.Helper()
	cfg := DefaultPortsConfig()
	cfg.First, cfg.Last, cfg.Addresses = 0, 0, nil
	for _, a := range append(addrs, "127.0.0.1")[:max(1, len(addrs))] {
		cfg.Addresses = append(cfg.Addresses, netip.MustParseAddr(a))
	}
	p, err := NewPorts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, p *Ports) *Socket {
	t.Helper()
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

func pair(t testing.TB, p *Ports) (a, b *Socket) {
	t.Helper()
	a, b = open(t, p), open(t, p)
	if err := errors.Join(a.Connect(b.LocalAddr()), b.Connect(a.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// wait blocks until something is in the socket, a packet or an error.
func wait(t testing.TB, s *Socket) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 60_000)
		if n == 1 {
			return
		}
		if err != nil && !errors.Is(err, unix.EINTR) || err == nil {
			t.Fatalf("poll: %d %v", n, err)
		}
	}
}

func TestSocketSendReceive(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		for _, addr := range []string{"127.0.0.1", "::1"} {
			p := loopback(t, addr)
			if probe, err := p.Open(); err != nil && addr == "::1" {
				t.Logf("no IPv6 here: %v", err)
				continue
			} else if err := probe.Close(); err != nil {
				t.Fatal(err)
			}
			func() {
				a, b := w.pair(t, p)
				batch := NewBatch(4, 64)
				if n, err := w.recv(b, batch); n != 0 || err != nil {
					t.Fatalf("empty socket: %d %v", n, err)
				}
				before := time.Now().UnixNano()
				long := make([]byte, 65)
				for _, packet := range []string{"one", "two", "three", string(long), "five"} {
					if err := w.send(a, []byte(packet)); err != nil {
						t.Fatal(err)
					}
				}
				n, err := w.recv(b, batch)
				if n != 4 || err != nil || batch.Len() != 4 {
					t.Fatalf("%d %v", n, err)
				}
				for i, want := range []string{"one", "two", "three", string(long[:64])} {
					if got := string(batch.Packet(i)); got != want || batch.From(i) != a.LocalAddr() {
						t.Errorf("packet %d: %q from %v", i, got, batch.From(i))
					}
					if at := batch.Arrival(i); at < before-1e6 || at > time.Now().UnixNano() {
						t.Errorf("packet %d arrived at %d", i, at)
					}
					if batch.Truncated(i) != (i == 3) {
						t.Errorf("packet %d: truncated %v", i, batch.Truncated(i))
					}
					if cap(batch.Packet(i)) != 64 {
						t.Errorf("packet %d reaches into the next slot", i)
					}
				}
				// A batch that came out full is used again.
				if n, err := w.recv(b, batch); n != 1 || err != nil || string(batch.Packet(0)) != "five" || batch.Truncated(0) {
					t.Errorf("%d %v %q", n, err, batch.Packet(0))
				}
				if s := b.Stats(); s != (SocketStats{Truncated: 1}) {
					t.Errorf("%s: %+v", addr, s)
				}
			}()
		}
	})
}

func TestSocketFromBeforeConnect(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		p := loopback(t)
		a, b, c := w.open(t, p), w.open(t, p), w.open(t, p)
		if err := w.send(a, []byte("lost")); err != nil || a.Stats().Unsent != 1 {
			t.Fatalf("send without a peer: %v %+v", err, a.Stats())
		}
		if err := errors.Join(a.Connect(b.LocalAddr()), c.Connect(b.LocalAddr())); err != nil {
			t.Fatal(err)
		}
		send := func(s *Socket, text string) {
			t.Helper()
			if err := w.send(s, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		send(a, "from a")
		batch := NewBatch(0, 0)
		if n, err := w.recv(b, batch); n != 1 || err != nil || batch.From(0) != a.LocalAddr() {
			t.Fatalf("%d %v %v", n, err, batch.From(0))
		}
		if err := b.Connect(batch.From(0)); err != nil {
			t.Fatal(err)
		}
		send(c, "a stranger")
		send(a, "again")
		if n, err := w.recv(b, batch); n != 1 || err != nil || string(batch.Packet(0)) != "again" {
			t.Fatalf("%d %v %q", n, err, batch.Packet(0))
		}
		if err := b.Connect(c.LocalAddr()); err != nil { // another peer
			t.Fatal(err)
		}
		send(c, "now known")
		if n, err := w.recv(b, batch); n != 1 || err != nil || batch.From(0) != c.LocalAddr() {
			t.Fatalf("%d %v", n, err)
		}
		for _, bad := range []string{"0.0.0.0:5004", "127.0.0.1:0", "[::1]:5004"} {
			if err := b.Connect(netip.MustParseAddrPort(bad)); fault.Of(err) != fault.Invalid {
				t.Errorf("connect to %s: %v", bad, err)
			}
		}
	})
}

// TestSocketConnectAnywhere: a socket on all addresses keeps its port when the
// peer changes, and takes the source address that fits.
func TestSocketConnectAnywhere(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		a := w.open(t, loopback(t, "0.0.0.0"))
		b, c := w.open(t, loopback(t)), w.open(t, loopback(t, "127.0.0.2"))
		batch := NewBatch(0, 0)
		for _, peer := range []*Socket{b, c, b} {
			if err := a.Connect(peer.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			if err := w.send(a, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if n, err := w.recv(peer, batch); n != 1 || err != nil || batch.From(0).Port() != a.LocalAddr().Port() {
				t.Fatalf("%d %v from %v, want port %d", n, err, batch.From(0), a.LocalAddr().Port())
			}
			if err := peer.Connect(batch.From(0)); err != nil {
				t.Fatal(err)
			}
			if err := w.send(peer, []byte("back")); err != nil {
				t.Fatal(err)
			}
			if n, err := w.recv(a, batch); n != 1 || err != nil || batch.From(0) != peer.LocalAddr() {
				t.Fatalf("%d %v", n, err)
			}
		}
	})
}

// TestSocketRefused: the ICMP errors of a peer that is gone are counted, and
// neither ends the socket nor costs packets once the peer is back.
func TestSocketRefused(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		p := loopback(t)
		a, b := pair(t, p)
		w.attach(a)
		to := b.LocalAddr()
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		batch := NewBatch(2, 0)
		if err := w.send(a, []byte("nobody")); err != nil {
			t.Fatal(err)
		}
		wait(t, a)
		if n, err := w.recv(a, batch); n != 0 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		if s := a.Stats(); s != (SocketStats{Refused: 1}) {
			t.Fatalf("%+v", s)
		}
		if err := w.send(a, []byte("nobody")); err != nil {
			t.Fatal(err)
		}
		wait(t, a)
		back, err := listen(to, p.cfg.options())
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		if err := w.send(a, []byte("back")); err != nil { // the error that waits does not eat it
			t.Fatal(err)
		}
		if n, err := w.recv(back, batch); n != 1 || err != nil || string(batch.Packet(0)) != "back" {
			t.Fatalf("%d %v", n, err)
		}
		if s := a.Stats(); s != (SocketStats{Refused: 2}) {
			t.Errorf("%+v", s)
		}
	})
}

func TestSocketClose(t *testing.T) {
	p := loopback(t)
	a, b := pair(t, p)
	if p.InUse() != 2 {
		t.Fatalf("%d in use", p.InUse())
	}
	// Close comes from another goroutine while the worker is at it.
	var wg sync.WaitGroup
	wg.Go(func() { // ends when the socket is closed
		batch := NewBatch(2, 0)
		for {
			if _, err := a.Recv(batch); err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				return
			}
			if err := b.Send([]byte("x")); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var closers sync.WaitGroup
	var mu sync.Mutex
	ok := 0
	for range 4 {
		closers.Go(func() { // ends at once
			if a.Close() == nil {
				mu.Lock()
				ok++
				mu.Unlock()
			}
		})
	}
	closers.Wait()
	wg.Wait()
	if ok != 1 || p.InUse() != 1 {
		t.Errorf("%d closes counted, %d in use", ok, p.InUse())
	}
	if err := a.Send([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := a.Connect(b.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

func TestSocketAllocatesNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		a, b := w.pair(t, loopback(t))
		batch := NewBatch(0, 0)
		packet := make([]byte, 172)
		if n := testing.AllocsPerRun(100, func() {
			if err := w.send(a, packet); err != nil {
				t.Fatal(err)
			}
			n, err := w.recv(b, batch)
			if n != 1 || err != nil || !batch.From(0).IsValid() || batch.Arrival(0) == 0 {
				t.Fatal(n, err)
			}
			if n, err := w.recv(b, batch); n != 0 || err != nil {
				t.Fatal(n, err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// BenchmarkSocket is the cost of a packet of 20 ms of G.711 over loopback, where
// sending includes the kernel's delivery.
func BenchmarkSocket(b *testing.B) {
	x, y := pair(b, loopback(b))
	batch := NewBatch(0, 0)
	packet := make([]byte, 172)
	b.Run("send and receive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := x.Send(packet); err != nil {
				b.Fatal(err)
			}
			if n, err := y.Recv(batch); n != 1 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("receive from empty", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n, err := y.Recv(batch); n != 0 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("send and receive by 16", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range BatchSlots {
				if err := x.Send(packet); err != nil {
					b.Fatal(err)
				}
			}
			if n, err := y.Recv(batch); n != BatchSlots || err != nil {
				b.Fatal(n, err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/BatchSlots, "ns/packet")
	})
}
