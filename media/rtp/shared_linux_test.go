package rtp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
)

func newShared(t testing.TB, at string) *Shared {
	t.Helper()
	s, err := ListenShared(netip.MustParseAddrPort(at), 1<<20)
	if err != nil {
		t.Skip(err) // a machine without IPv6
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// What is sent arrives, from whom and when, one by one and many at once, on both families.
func TestShared(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(at, func(t *testing.T) {
			a, b := newShared(t, at), newShared(t, at)
			d := NewDepartures(4, 100)
			want := [][]byte{[]byte("one"), []byte("two"), []byte("three"), []byte("four"), []byte("five")}
			for i, p := range want {
				if i < 2 {
					if err := a.SendTo(p, b.LocalAddr()); err != nil {
						t.Fatal(err)
					}
					continue
				}
				d.Add(copy(d.Slot(), p), b.LocalAddr())
			}
			if err := a.SendAll(d); err != nil || d.Len() != 0 {
				t.Fatalf("%v, %d left", err, d.Len())
			}
			batch := NewBatch(0, 0)
			for len(want) > 0 {
				n, err := b.Recv(batch)
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					if !bytes.Equal(batch.Packet(i), want[0]) || batch.From(i) != a.LocalAddr() || batch.Arrival(i) == 0 {
						t.Errorf("%q from %v at %d", batch.Packet(i), batch.From(i), batch.Arrival(i))
					}
					want = want[1:]
				}
			}
		})
	}
}

// A packet that cannot leave is counted; those behind it leave.
func TestSharedUnsent(t *testing.T) {
	a, b := newShared(t, "127.0.0.1:0"), newShared(t, "127.0.0.1:0")
	d := NewDepartures(3, 2000)
	if d.Add(5, b.LocalAddr()); d.Len() != 1 {
		t.Fatal(d.Len())
	}
	d.Add(5, netip.MustParseAddrPort("[::1]:9")) // the other family
	d.Add(6, b.LocalAddr())
	if d.Slot() != nil {
		t.Error("room for more than there is")
	}
	if err := a.SendAll(d); err != nil || a.Unsent() != 1 {
		t.Errorf("%v, %d unsent", err, a.Unsent())
	}
	if err := a.SendTo([]byte("x"), netip.MustParseAddrPort("[::1]:9")); err != nil || a.Unsent() != 2 {
		t.Errorf("%v, %d unsent", err, a.Unsent())
	}
	if err := a.SendTo(make([]byte, 1700), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	batch := NewBatch(0, 0)
	for n := 0; n < 3; {
		m, err := b.Recv(batch)
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if b.Truncated() != 1 {
		t.Errorf("%d truncated", b.Truncated())
	}
}

// Close ends a Recv that waits, and nothing works afterwards.
func TestSharedClose(t *testing.T) {
	s := newShared(t, "127.0.0.1:0")
	ended := make(chan error)
	go func() { // ends with the socket, awaited below
		_, err := s.Recv(NewBatch(0, 0))
		ended <- err
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := s.SendTo([]byte("x"), s.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	d := NewDepartures(1, 10)
	d.Add(1, s.LocalAddr())
	if err := s.SendAll(d); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Neither direction allocates.
func TestSharedAllocs(t *testing.T) {
	a, b := newShared(t, "127.0.0.1:0"), newShared(t, "127.0.0.1:0")
	batch, packet, d := NewBatch(0, 0), make([]byte, 100), NewDepartures(2, 100)
	var failed error
	n := testing.AllocsPerRun(200, func() {
		failed = errors.Join(failed, a.SendTo(packet, b.LocalAddr()))
		d.Add(100, b.LocalAddr())
		failed = errors.Join(failed, a.SendAll(d))
		for got := 0; got < 2 && failed == nil; {
			m, err := b.Recv(batch)
			got, failed = got+m, errors.Join(failed, err)
		}
	})
	if failed != nil || n > 0 {
		t.Errorf("%v allocations, %v", n, failed)
	}
}
