// Package turn is the server's STUN (RFC 8489) and TURN (RFC 8656) service, for
// browsers behind networks that let nothing else through: over UDP, TCP and TLS, with
// relays over UDP and IPv4 or IPv6 (RFC 6156). pion/turn speaks the protocol; what is
// here keeps it from being of use to anybody else: credentials with an end, quotas, and
// no relay toward this machine or the networks behind it, but for the port of the
// server's own media.
//
// Goroutines: pion's, one per UDP socket, listener, connection and relay, which end with
// those; Server.Close ends all of them.
package turn
