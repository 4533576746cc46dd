package transport

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Destination is one place to send a request to.
type Destination struct {
	// Network is "udp", "tcp" or "tls".
	Network string
	Addr    netip.AddrPort
	// Host is the name that a TLS certificate must have.
	Host string
}

// Resolver finds the destinations of a URI, best first (RFC 3263). transport is
// "udp", "tcp", "tls" or "" for what the URI says. An error is of kind
// fault.Unreachable.
type Resolver interface {
	Resolve(ctx context.Context, u message.URI, transport string) ([]Destination, error)
}

// Judge may be implemented by a Resolver that wants to know how its destinations do,
// so that one that failed is tried after the others (RFC 3263 §4.3).
type Judge interface {
	// Failed is told of a destination that did not answer, or that said when it
	// wants to be asked again: after pause, 0 for no word of it.
	Failed(d Destination, pause time.Duration)
	// Answered is told of one that answered.
	Answered(Destination)
}

// Network is what a URI is sent over: by transport, which is "" for the URI's to
// leave open, and by its scheme; "" leaves it to the domain. An error is of kind
// fault.Unreachable.
func Network(u message.URI, transport string) (string, error) {
	switch n := strings.ToLower(transport); {
	case n == "tls", n == "tcp" && u.Secure(), n == "" && u.Secure():
		return "tls", nil
	case n == "tcp":
		return "tcp", nil
	case n == "udp" && !u.Secure():
		return "udp", nil
	case n == "":
		return "", nil
	case n == "ws" || n == "wss":
		return "", fault.New(fault.Unreachable, "sip: a WebSocket peer is reached over its own connection only")
	}
	return "", fault.New(fault.Unreachable, "sip: transport %q does not fit %s", transport, u)
}

// DefaultPort is the port of a network where none is named (RFC 3261 §19.1.2).
func DefaultPort(network string) uint16 {
	if network == "tls" {
		return 5061
	}
	return 5060
}
