package transport

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// A socket that fails for good, or until its interface is back, costs no processor.
func TestFailingSocketIsReadInPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Listeners = []Listener{{Network: "udp", Address: "127.0.0.1:0"}}
		failures := 0
		layer, err := New(cfg, Events{
			Receive: func(Flow, *message.Parsed, error) {},
			Closed:  func(message.FlowID) {},
			Guard:   func(_ string, f func()) bool { f(); return true },
			Quirk: func(string, netip.AddrPort, error) {
				if failures++; failures > 1000 {
					panic("the reader spins")
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		serve, err := layer.listen(context.Background(), &layer.cfg.Listeners[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := layer.udp[0].conn.SetReadDeadline(time.Unix(1, 0)); err != nil { // every read fails
			t.Fatal(err)
		}
		layer.goRead(serve)
		time.Sleep(time.Minute)
		synctest.Wait()
		if failures < 60 || failures > 70 { // growing to a second
			t.Errorf("%d reads in a minute", failures)
		}
		began := time.Now()
		if err := layer.Close(); err != nil {
			t.Error(err)
		}
		if wait := time.Since(began); wait != 0 {
			t.Errorf("Close waited %v for the pause", wait)
		}
	})
}
