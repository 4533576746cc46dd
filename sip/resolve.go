package sip

import (
	"context"
	"net/netip"
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
// "udp", "tcp", "tls" or "" for what the URI says.
type Resolver interface {
	Resolve(ctx context.Context, u URI, transport string) ([]Destination, error)
}
