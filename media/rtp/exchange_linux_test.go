package rtp

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp/internal/uring"
)

// way is how sockets are received from and sent to: each by itself, or by an Exchange.
type way struct{ x *Exchange }

// bothWays runs a test each way.
func bothWays(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	t.Run("each by itself", func(t *testing.T) { test(t, way{}) })
	t.Run("exchange", func(t *testing.T) { test(t, way{newExchange(t)}) })
}

// newExchange makes an Exchange for the test's goroutine.
func newExchange(t testing.TB) *Exchange {
	t.Helper()
	runtime.LockOSThread()
	x, err := NewExchange(0)
	if err != nil {
		runtime.UnlockOSThread()
		if fault.Of(err) != fault.Unsupported {
			t.Fatalf("not told as unsupported: %v", err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	})
	return x
}

func (w way) attach(s *Socket) *Socket {
	if w.x != nil {
		w.x.Attach(s)
	}
	return s
}

func (w way) open(t testing.TB, p *Ports) *Socket {
	t.Helper()
	return w.attach(open(t, p))
}

func (w way) pair(t testing.TB, p *Ports) (a, b *Socket) {
	t.Helper()
	a, b = pair(t, p)
	return w.attach(a), w.attach(b)
}

func (w way) send(s *Socket, packet []byte) error {
	err := s.Send(packet)
	if w.x != nil {
		w.x.Flush()
	}
	return err
}

func (w way) recv(s *Socket, b *Batch) (int, error) {
	if w.x != nil {
		if err := w.x.Collect(); err != nil {
			return 0, err
		}
	}
	return s.Recv(b)
}

// numbered is packet n of a socket.
func numbered(of, n int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(of)), uint32(n))
}

// expectNumbers reads packets of a socket and holds that they are those from first on.
func expectNumbers(t *testing.T, s *Socket, b *Batch, of, first int) (next int) {
	t.Helper()
	for {
		n, err := s.Recv(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if got := string(b.Packet(i)); got != string(numbered(of, first)) {
				t.Fatalf("socket %d: % x, want packet %d", of, got, first)
			}
			first++
		}
		if n < b.Slots() {
			return first
		}
	}
}

// manyCollects bounds how often a test collects what the kernel may not have delivered yet.
const manyCollects = 10_000

// A completion that comes after its batch of packets was sent and forgotten is nobody's.
func TestExchangeLateCompletion(t *testing.T) {
	w := way{newExchange(t)}
	a, b := w.pair(t, loopback(t))
	if err := w.send(a, numbered(1, 0)); err != nil {
		t.Fatal(err)
	}
	before := w.x.batch - 1
	if err := b.Send(numbered(2, 0)); err != nil { // takes the place of what was sent
		t.Fatal(err)
	}
	late := func(batch uint32) {
		w.x.complete(&uring.Completion{UserData: tagSend | uint64(batch*exchangeSends), Result: -int32(unix.EPERM)})
	}
	if late(before); b.Stats().Unsent+a.Stats().Unsent != 0 {
		t.Errorf("%+v %+v", a.Stats(), b.Stats())
	}
	if late(w.x.batch); b.Stats().Unsent != 1 {
		t.Errorf("%+v", b.Stats())
	}
}

// Many sockets, more packets than fit into one system call: all come, in order.
func TestExchangeMany(t *testing.T) {
	w := way{newExchange(t)}
	const sockets, rounds = 300, 3
	ports := loopback(t)
	var here, there []*Socket
	for range sockets {
		a, b := w.pair(t, ports)
		here, there = append(here, a), append(there, b)
	}
	b := NewBatch(0, 0)
	next := make([]int, sockets)
	for round := range rounds {
		for n := range 2 {
			for i, s := range here {
				if err := s.Send(numbered(i, 2*round+n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.x.Flush()
		for i, s := range there {
			for tries := 0; next[i] < 2*round+2; tries++ {
				if tries == manyCollects {
					t.Fatalf("round %d: socket %d has %d packets", round, i, next[i])
				}
				if err := w.x.Collect(); err != nil {
					t.Fatal(err)
				}
				next[i] = expectNumbers(t, s, b, i, next[i])
			}
		}
	}
}

// What was collected for a socket stays with it when it goes elsewhere, before what
// comes there.
func TestExchangeDetach(t *testing.T) {
	w := way{newExchange(t)}
	ports := loopback(t)
	a, b := w.pair(t, ports)
	send := func(n int) {
		t.Helper()
		if err := w.send(a, numbered(1, n)); err != nil {
			t.Fatal(err)
		}
	}
	collect := func() {
		t.Helper()
		if err := w.x.Collect(); err != nil {
			t.Fatal(err)
		}
	}
	collect()
	for n := range 20 {
		send(n)
	}
	collect()
	send(20) // is still in the socket when it leaves
	w.x.Detach(b)
	send(21)
	batch := NewBatch(0, 0)
	n, err := b.Recv(batch)
	if n != BatchSlots || err != nil || batch.Arrival(0) == 0 || batch.From(0) != a.LocalAddr() {
		t.Fatalf("%d %v", n, err)
	}
	w.x.Attach(b)
	send(22)
	collect()
	got := n
	for got < 23 {
		next := expectNumbers(t, b, batch, 1, got)
		if next == got {
			t.Fatalf("%d packets came", got)
		}
		got = next
	}
	w.x.Detach(b)
	w.x.Detach(b) // it is not here
}

// A socket whose owner closes it is open until it is detached.
func TestExchangeClose(t *testing.T) {
	w := way{newExchange(t)}
	ports := loopback(t)
	a, b := w.pair(t, ports)
	if err := w.x.Collect(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil || ports.InUse() != 2 {
		t.Fatalf("%v, %d in use", err, ports.InUse())
	}
	batch := NewBatch(0, 0)
	if err := b.Send([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := b.Recv(batch); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	w.x.Detach(b)
	if ports.InUse() != 1 {
		t.Errorf("%d in use", ports.InUse())
	}
	again, err := listen(b.LocalAddr(), ports.cfg.options())
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	w.x.Attach(b) // nothing to attach
	if b.line != nil {
		t.Error("a closed socket is attached")
	}
	// The Exchange ends with sockets attached, which go on without it.
	if err := w.x.Close(); err != nil {
		t.Fatal(err)
	}
	c := open(t, ports)
	if err := errors.Join(a.Connect(c.LocalAddr()), a.Send([]byte("by itself"))); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Recv(batch); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}

// An empty datagram is one, and not the end.
func TestExchangeEmptyDatagram(t *testing.T) {
	w := way{newExchange(t)}
	c := open(t, loopback(t))
	b := w.open(t, loopback(t))
	raw, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(b.LocalAddr()))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	batch := NewBatch(0, 0)
	for range 3 {
		if _, err := raw.Write(nil); err != nil {
			t.Fatal(err)
		}
		if err := c.SendTo([]byte("more"), b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		got := 0
		for tries := 0; got < 2 && tries < manyCollects; tries++ {
			n, err := w.recv(b, batch)
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		if got != 2 {
			t.Fatalf("%d datagrams came", got)
		}
	}
}

// A packet that cannot be sent is counted, and the next one is sent.
func TestExchangeUnsent(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		a, b := w.pair(t, loopback(t))
		for _, n := range []int{65508, 100, 70000, 100} { // the first and third are too long for UDP
			if err := w.send(a, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		}
		batch := NewBatch(0, 0)
		came := 0
		for tries := 0; came < 2 && tries < manyCollects; tries++ {
			n, err := w.recv(b, batch)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if len(batch.Packet(i)) != 100 {
					t.Errorf("%d bytes", len(batch.Packet(i)))
				}
			}
			came += n
		}
		if came != 2 {
			t.Errorf("%d packets came", came)
		}
		if s := a.Stats(); s != (SocketStats{Unsent: 2}) {
			t.Errorf("%+v", s)
		}
	})
}

// A ring that breaks is told once, and its sockets go on without it.
func TestExchangeBreaks(t *testing.T) {
	w := way{newExchange(t)}
	a, b := w.pair(t, loopback(t))
	batch := NewBatch(0, 0)
	if err := w.send(a, numbered(1, 0)); err != nil {
		t.Fatal(err)
	}
	if n, err := w.recv(b, batch); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := w.x.ring.Shut(); err != nil {
		t.Fatal(err)
	}
	if err := w.send(a, numbered(1, 1)); err != nil || a.Stats().Unsent != 1 {
		t.Fatalf("%v %+v", err, a.Stats())
	}
	if err := w.x.Collect(); err == nil {
		t.Fatal("nothing is told")
	}
	if err := w.x.Collect(); err != nil {
		t.Fatalf("told twice: %v", err)
	}
	if a.line != nil || b.line != nil {
		t.Fatal("sockets are still attached")
	}
	if err := w.send(a, numbered(1, 2)); err != nil {
		t.Fatal(err)
	}
	w.x.Attach(a)
	if a.line != nil {
		t.Error("attached to what is broken")
	}
}

// BenchmarkExchange is BenchmarkSocket's packet for each of 500 sockets at once.
func BenchmarkExchange(b *testing.B) {
	const sockets = 500
	w := way{newExchange(b)}
	ports := loopback(b)
	var here, there []*Socket
	for range sockets {
		x, y := w.pair(b, ports)
		here, there = append(here, x), append(there, y)
	}
	batch := NewBatch(0, 0)
	packet := make([]byte, 172)
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range here {
			if err := s.Send(packet); err != nil {
				b.Fatal(err)
			}
		}
		w.x.Flush()
		if err := w.x.Collect(); err != nil {
			b.Fatal(err)
		}
		for _, s := range there {
			if n, err := s.Recv(batch); n != 1 || err != nil {
				b.Fatal(n, err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sockets, "ns/packet")
}
