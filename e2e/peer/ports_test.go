package peer

import (
	"net"
	"testing"
)

// Who has a port is seen without touching it.
func TestListens(t *testing.T) {
	tcp, err := net.Listen("tcp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	port := tcp.Addr().(*net.TCPAddr).Port
	if err := listens("tcp", port); err != nil {
		t.Error(err)
	}
	client, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listens("tcp", client.LocalAddr().(*net.TCPAddr).Port); err == nil {
		t.Error("a client listens")
	}
	udp, err := net.ListenPacket("udp", address(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := listens("udp", udp.LocalAddr().(*net.UDPAddr).Port); err != nil {
		t.Error(err)
	}
	if err := listens("udp", few.first); err == nil {
		t.Error("a port that nobody has is had")
	}
	for _, c := range []interface{ Close() error }{client, tcp, udp} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFreePort(t *testing.T) {
	taken := map[int]bool{}
	t.Run("each to one", func(t *testing.T) {
		for range 100 {
			port := FreePort(t)
			if taken[port] || port < single.first || port >= few.first {
				t.Fatalf("port %d", port)
			}
			taken[port] = true
		}
	})
	t.Run("given back", func(t *testing.T) {
		for range 3 {
			t.Run("", func(t *testing.T) { few.take(t) })
		}
	})
	t.Run("not one in use", func(t *testing.T) {
		busy, err := net.Listen("tcp", address(few.first+1))
		if err != nil {
			t.Fatal(err)
		}
		defer busy.Close()
		if got := few.take(t); got != few.first+4 {
			t.Errorf("port %d", got)
		}
	})
}
