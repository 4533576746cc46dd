package dtls

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// wireSlots is how many datagrams may wait for an attempt.
const wireSlots = inboxSlots

// wire is the network as an attempt sees it: a net.PacketConn with one peer.
type wire struct {
	send   func([]byte, netip.AddrPort) error
	peer   netip.AddrPort
	muted  atomic.Bool // nothing is said any more
	agreed atomic.Bool // we have said ServerHello: the peer is where it says
	in     chan []byte
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	past chan struct{} // closed when the deadline for reading is over
}

func newWire(peer netip.AddrPort, slots int, send func([]byte, netip.AddrPort) error) *wire {
	return &wire{
		send: send, peer: peer, in: make(chan []byte, slots), closed: make(chan struct{}), past: make(chan struct{}),
	}
}

// arrive gives the attempt a datagram, which is copied; false when too many wait.
func (w *wire) arrive(p []byte) bool {
	select {
	case w.in <- append([]byte(nil), p...):
		return true
	default:
		return false
	}
}

// ReadFrom waits for a datagram.
func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	w.mu.Lock()
	past := w.past
	w.mu.Unlock()
	select { // a deadline that is over counts before what has come
	case <-past:
		return 0, nil, os.ErrDeadlineExceeded
	default:
	}
	select {
	case p := <-w.in:
		return copy(b, p), net.UDPAddrFromAddrPort(w.peer), nil
	case <-past:
		return 0, nil, os.ErrDeadlineExceeded
	case <-w.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends to the peer. What the network does not take is lost, and sent again by
// the handshake.
func (w *wire) WriteTo(p []byte, _ net.Addr) (int, error) {
	select {
	case <-w.closed:
		return 0, net.ErrClosed
	default:
	}
	if len(p) > recordBytes && message(p) == serverHello {
		w.agreed.Store(true)
	}
	if !w.muted.Load() {
		if err := w.send(p, w.peer); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Close ends reading and writing.
func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// SetReadDeadline interrupts readers, or none any more. A time to come is none: pion sets
// one only to interrupt.
func (w *wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	over := !t.IsZero() && !t.After(time.Now())
	select {
	case <-w.past:
		if !over {
			w.past = make(chan struct{})
		}
	default:
		if over {
			close(w.past)
		}
	}
	return nil
}

// SetDeadline is SetReadDeadline: writing never waits.
func (w *wire) SetDeadline(t time.Time) error { return w.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is nobody's to know.
func (w *wire) LocalAddr() net.Addr { return &net.UDPAddr{} }

// What stands in front of each record (RFC 6347 §4.1).
const (
	recordBytes   = 13
	typeAlert     = 21
	typeHandshake = 22
	typeData      = 23

	// A handshake message (§4.2.2) and the beginning of the two that matter here.
	messageBytes = 12
	randomBytes  = 32
	clientHello  = 1
	serverHello  = 2
)

// alertNone is what sound gives where there is no alert.
const alertNone = -1

// sound reports whether a datagram consists of records that an attempt may see. Alerts and
// data from before there are keys are nobody's: whoever can guess our port can send them,
// and pion would believe them. alert is the first alert's description.
func sound(p []byte) (ok bool, alert int) {
	alert = alertNone
	if len(p) < recordBytes {
		return false, alert
	}
	for len(p) > 0 {
		if len(p) < recordBytes || p[0] < 20 || p[0] > 23 || p[1] != 0xfe || p[2] != 0xff && p[2] != 0xfd {
			return false, alert
		}
		n := int(binary.BigEndian.Uint16(p[11:]))
		if n == 0 || n > len(p)-recordBytes {
			return false, alert
		}
		if plain := p[3] == 0 && p[4] == 0; plain && p[0] == typeAlert && n == 2 {
			return false, int(p[recordBytes+1])
		} else if plain && (p[0] == typeAlert || p[0] == typeData) {
			return false, alert
		}
		p = p[recordBytes+n:]
	}
	return true, alert
}

// message is the type of the handshake message that a sound datagram begins with, in the
// clear; 0 when there is none.
func message(p []byte) byte {
	if p[0] != typeHandshake || p[3]|p[4] != 0 {
		return 0
	}
	return p[recordBytes]
}

// greeting is the random part of a ClientHello, which tells one who begins from another;
// ok is false for what is none.
func greeting(p []byte) (random [randomBytes]byte, ok bool) {
	const at = recordBytes + messageBytes + 2
	if message(p) != clientHello || len(p) < at+randomBytes+4 {
		return random, false
	}
	return [randomBytes]byte(p[at:]), true
}
