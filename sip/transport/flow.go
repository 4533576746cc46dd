package transport

import (
	"net"
	"net/netip"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Flow is one way to a peer that messages are sent over (RFC 5626).
type Flow interface {
	Source() message.Source
	// Reliable says that the transport repeats what is lost (RFC 3261 §17).
	Reliable() bool
	// Send sends one whole message; an error is fault.Unreachable.
	Send(b []byte) error
	// Alive reports whether something can still be sent.
	Alive() bool
	// To is the way over the same socket to another address, where the transport
	// has such ways; a connection is its own.
	To(remote netip.AddrPort) Flow
}

// unmap makes the IPv4 address of an IPv4-in-IPv6 one.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// addrPort is the address of a TCP or UDP socket.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}
