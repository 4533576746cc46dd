package ring

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestPacketsLimits(t *testing.T) {
	r := NewPackets()
	if err := r.Deliver(make([]byte, MaxPacketBytes+1), time.Now()); fault.Of(err) != fault.TooLarge {
		t.Errorf("a large packet: %v", err)
	}
	var err error
	for range 100 {
		if err = r.Deliver(make([]byte, 1000), time.Now()); err != nil {
			break
		}
	}
	if fault.Of(err) != fault.Full {
		t.Errorf("a full ring: %v", err)
	}
	for range 100 {
		if err := r.Send(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if in, out := r.Lost(); in != 2 || out < 90 {
		t.Errorf("lost %d in, %d out", in, out)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if err := r.Send(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("send on a closed ring: %v", err)
	}
}

// What is sent goes through, and what is not taken waits for Next, as does all behind it.
func TestPacketsThrough(t *testing.T) {
	r := NewPackets()
	var went []string
	takes := true
	r.Through(func(p []byte) bool {
		if takes {
			went = append(went, string(p))
		}
		return takes
	})
	send := func(p string) {
		if err := r.Send([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	send("a")
	takes = false
	send("b")
	takes = true
	send("c") // behind b
	buf := make([]byte, MaxPacketBytes)
	for _, want := range []string{"b", "c"} {
		if n, ok := r.TryNext(buf); !ok || string(buf[:n]) != want {
			t.Errorf("%q waits, want %q", buf[:n], want)
		}
	}
	send("d")
	if len(went) != 2 || went[0] != "a" || went[1] != "d" {
		t.Errorf("%q went through", went)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Send([]byte("e")); !errors.Is(err, net.ErrClosed) || len(went) != 2 {
		t.Errorf("%v, %q", err, went)
	}
}
