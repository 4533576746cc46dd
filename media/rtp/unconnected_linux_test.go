package rtp

import (
	"errors"
	"net"
	"testing"
)

// await receives until a packet is there.
func await(t *testing.T, s *Socket, b *Batch) []byte {
	t.Helper()
	for range 1 << 20 { // loopback delivers within the call that sends
		n, err := s.Recv(b)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return b.Packet(0)
		}
	}
	t.Fatal("nothing came")
	return nil
}

func TestUnconnected(t *testing.T) {
	ports := loopback(t)
	open := func() *Socket {
		s, err := ports.Open()
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
	a, b, c := open(), open(), open()
	batch := NewBatch(0, 0)
	say := func(from, to *Socket, text string) {
		t.Helper()
		if err := from.SendTo([]byte(text), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(s *Socket, text string) {
		t.Helper()
		if got := string(await(t, s, batch)); got != text {
			t.Fatalf("got %q, want %q", got, text)
		}
	}
	say(a, b, "to b")
	expect(b, "to b")
	say(c, a, "from c")
	expect(a, "from c")
	if got := batch.From(0); got != c.LocalAddr() {
		t.Errorf("from %v, want %v", got, c.LocalAddr())
	}

	if err := a.Connect(b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	say(c, a, "a stranger")
	say(b, a, "the peer")
	expect(a, "the peer")

	local := a.LocalAddr()
	if err := a.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if got := a.LocalAddr(); got != local {
		t.Fatalf("the address went from %v to %v", local, got)
	}
	say(c, a, "from c again")
	expect(a, "from c again")

	if n := testing.AllocsPerRun(100, func() { say(a, b, "x") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.SendTo([]byte("x"), b.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("send on a closed socket: %v", err)
	}
	if err := a.Disconnect(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("disconnect of a closed socket: %v", err)
	}
}
