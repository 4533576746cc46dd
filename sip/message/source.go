package message

import "net/netip"

// FlowID names one way to a peer (RFC 5626): an accepted or opened connection,
// or a UDP socket of ours with the peer's address. It is plain text and may be
// stored. The flow of a connection ends with the connection and never means
// another one later, not even after a restart; a UDP flow does not end. "" is
// no flow.
type FlowID string

// Source says how a message came: over which kind of transport, between which
// addresses, and over which flow an answer of any later time may go back.
type Source struct {
	// Network is "udp", "tcp", "tls", "ws" or "wss".
	Network string
	// Local and Remote are the socket's own addresses, not what the message claims.
	Local  netip.AddrPort
	Remote netip.AddrPort
	Flow   FlowID
	// Listener is the name of the listener of ours that it came to, or that is told the
	// peer; "" for one without a name.
	Listener string
}

// Secure reports whether the hop was encrypted.
func (s Source) Secure() bool { return s.Network == "tls" || s.Network == "wss" }
