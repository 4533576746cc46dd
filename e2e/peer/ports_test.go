package peer

import (
	"net"
	"testing"
)

func TestFreePort(t *testing.T) {
	taken := map[int]bool{}
	t.Run("each to one", func(t *testing.T) {
		for range 100 {
			port := FreePort(t)
			if taken[port] || port < single.first || port >= media.first {
				t.Fatalf("port %d", port)
			}
			taken[port] = true
		}
	})
	few := ports{first: single.first + 4*single.runs - 8, run: 4, runs: 2}
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
