package dtls

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	pion "github.com/pion/dtls/v3"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

const (
	// associationFlight is how long a peer may take whose path ICE has measured already.
	associationFlight = 200 * time.Millisecond
	// associationSlots is how many datagrams may wait: a window of what a data channel sends.
	associationSlots = 128
)

// Association is DTLS with a peer that ICE has found (RFC 8827 §6.5): there is one path,
// whose other end has proved to be there, and one handshake. Unlike a Keyer's, what comes
// after the keys is somebody's: Conn carries it until Close.
//
// It starts no goroutine until Handshake, and pion's end with Close.
type Association struct {
	wire    *wire
	conn    *pion.Conn
	active  bool
	refused error
}

// nowhere stands for the one peer, whose address is ICE's to know.
var nowhere = netip.AddrPortFrom(netip.IPv4Unspecified(), 9)

// NewAssociation prepares a handshake with p, of which Active, Fingerprints and Roots count.
// send gives a datagram to the path; its error is a datagram that was lost.
func NewAssociation(c *Certificate, suites []srtp.Suite, p Peer, send func(packet []byte) error) (*Association, error) {
	a := &Association{active: p.Active}
	a.wire = newWire(nowhere, associationSlots, func(packet []byte, _ netip.AddrPort) error {
		_ = send(packet) // lost, and sent again as any that the network loses
		return nil
	})
	common := options(c, suites, associationFlight, &p, &a.refused)
	// The address needs no cookie to be proved (RFC 8827 leaves it open): a round trip less.
	var err error
	a.conn, err = open(a.wire, nowhere, p.Active, common, pion.WithInsecureSkipVerifyHello(true))
	if err != nil {
		return nil, fmt.Errorf("dtls: prepare a handshake: %w", err)
	}
	return a, nil
}

// Take gives the association a datagram, which is copied; false when it is damaged or too
// many wait.
func (a *Association) Take(packet []byte) bool {
	ok, _ := sound(packet)
	return ok && a.wire.arrive(packet)
}

// Handshake makes the keys. The error is of kind fault.Forbidden for a certificate that is
// not the announced one, fault.NotAcceptable for a peer that protects in no way of ours,
// else fault.Unreachable.
func (a *Association) Handshake(ctx context.Context) (srtp.Masters, error) {
	err := a.conn.HandshakeContext(ctx)
	switch {
	case a.refused != nil:
		return srtp.Masters{}, a.refused
	case err != nil:
		return srtp.Masters{}, fault.New(fault.Unreachable, "dtls: handshake: %w", err)
	}
	return export(a.conn, a.active)
}

// Conn is the connection for data, once there are keys: io.EOF of its Read says that the
// peer has closed. It is for whoever carries data; unread, its alerts are unread too.
func (a *Association) Conn() net.Conn { return a.conn }

// Close says goodbye to a peer that has keys and ends reading.
func (a *Association) Close() error { return a.conn.Close() }
