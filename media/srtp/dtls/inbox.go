package dtls

import (
	"net/netip"
	"sync/atomic"
)

const (
	// inboxSlots hold a flight of the peer's, with some to spare. What does not fit is
	// sent again.
	inboxSlots = 8
	// strangerSlots is how many of them may be taken when a stranger comes: the others are
	// the peer's.
	strangerSlots = inboxSlots / 2
	// maxPacket is the longest datagram that a handshake is believed to send.
	maxPacket = 1500
)

// inbox is a bounded queue of datagrams between whoever reads the socket, one goroutine at
// a time, and the Keyer. Neither allocates, neither waits.
type inbox struct {
	slots [inboxSlots]struct {
		from netip.AddrPort
		n    int
		data [maxPacket]byte
	}
	head atomic.Uint32 // the Keyer's
	tail atomic.Uint32 // the reader's
}

func (q *inbox) push(p []byte, from netip.AddrPort, stranger bool) bool {
	room, tail := uint32(inboxSlots), q.tail.Load()
	if stranger {
		room = strangerSlots
	}
	if tail-q.head.Load() >= room || len(p) > maxPacket {
		return false
	}
	s := &q.slots[tail%inboxSlots]
	s.from, s.n = from, copy(s.data[:], p)
	q.tail.Store(tail + 1)
	return true
}

// pop gives the oldest datagram to f, in memory that is f's until it returns.
func (q *inbox) pop(f func(p []byte, from netip.AddrPort)) bool {
	head := q.head.Load()
	if head == q.tail.Load() {
		return false
	}
	s := &q.slots[head%inboxSlots]
	f(s.data[:s.n], s.from)
	q.head.Store(head + 1)
	return true
}
