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
