package sip_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// What an INVITE was given is not kept for the half minute in which its transaction still
// takes a 2xx that comes again: a call holds its media, and hundreds end in a second.
func TestCallIsReleased(t *testing.T) {
	phone, callee := siptest.NewPhone(t, "alice", "udp"), siptest.NewPhone(t, "bob", "udp")
	call := func() weak.Pointer[[1024]byte] {
		holds := new([1024]byte)
		o := phone.Outbound(callee.URI("udp"))
		o.ContentType, o.Body = "application/sdp", []byte(offer)
		o.Mend = func(*message.Response) ([]message.Header, bool) { return nil, holds[0] == 1 }
		leg := phone.Call(t.Context(), o)
		callee.Answer(sdp(answer))
		leg.Answered()
		if err := leg.Dialog.Bye(t.Context()); err != nil {
			t.Error(err)
		}
		siptest.Wait(t, leg.Ended)
		return weak.Make(holds)
	}
	held := call()
	end := time.After(siptest.Patience)
	for runtime.GC(); held.Value() != nil; runtime.GC() {
		select {
		case <-end:
			t.Fatal("the call is held after its end")
		default:
		}
	}
}
