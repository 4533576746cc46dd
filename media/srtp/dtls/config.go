package dtls

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// DefaultTimeout is how long a handshake may take.
const DefaultTimeout = 10 * time.Second

// Suites are the ways of protection that are offered as a rule, the cheapest of the
// strong ones first.
func Suites() []srtp.Suite {
	return []srtp.Suite{srtp.GCM128, srtp.GCM256, srtp.AESCM80, srtp.AESCM32}
}

// Config is what a Keyer is made with.
type Config struct {
	Certificate *Certificate
	// Suites are offered, and accepted, in this order.
	Suites []srtp.Suite
	// Send gives a datagram to the socket. It never blocks.
	Send func(packet []byte, to netip.AddrPort) error
	// Done is told what each Begin came to, once, on the Keyer's goroutine. It must not
	// call Close.
	Done func(Outcome)
	// Timeout is how long a handshake may take.
	Timeout time.Duration
	Log     *slog.Logger
}

// Validate reports the first setting that cannot work, as kind fault.Invalid.
func (c *Config) Validate() error {
	switch {
	case c.Certificate == nil:
		return fault.New(fault.Invalid, "dtls: no certificate")
	case len(c.Suites) == 0:
		return fault.New(fault.Invalid, "dtls: no suite to protect audio with")
	case c.Timeout <= 0:
		return fault.New(fault.Invalid, "dtls: a handshake of %v", c.Timeout)
	case c.Send == nil || c.Done == nil || c.Log == nil:
		return fault.New(fault.Invalid, "dtls: nowhere to send to or to tell")
	}
	for _, s := range c.Suites {
		if _, ok := profiles[s]; !ok {
			return fault.New(fault.Invalid, "dtls: no suite %v", s)
		}
	}
	return nil
}
