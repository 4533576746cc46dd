package transport_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// How long a datagram has waited in its socket is told.
func TestUnread(t *testing.T) {
	cfg := siptest.Config("udp")
	waits := make(chan time.Duration, 64)
	cfg.Transport.Unread = func(d time.Duration) { waits <- d }
	s := siptest.Server(t, cfg, siptest.Polite{})
	siptest.UDP(t, s.Addr("udp")).Ping()
	if d := siptest.Wait(t, waits); d < 0 || d > siptest.Patience {
		t.Errorf("waited %v", d)
	}
}
