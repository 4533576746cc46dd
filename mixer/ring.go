package mixer

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ringBytes holds what a port receives or sends in a third of a second at 20 ms
// and 300 bytes a packet, the record headers included.
const ringBytes = 8 << 10

// MaxPacketBytes is the longest packet a Ring takes.
const MaxPacketBytes = 1600

// Ring is a Transport in memory, for packets that another component has
// decrypted and will encrypt (WebRTC): one goroutine Delivers what it received,
// one calls Next for what is to be sent. Both directions are bounded; what does
// not fit is lost and counted.
type Ring struct {
	in, out  byteRing
	wake     chan struct{}
	waiting  atomic.Bool // Next sleeps or is about to
	closed   chan struct{}
	isClosed atomic.Bool
	lostIn   atomic.Uint64
	lostOut  atomic.Uint64
}

// NewRing makes a Ring.
func NewRing() *Ring {
	return &Ring{
		in:     byteRing{data: make([]byte, ringBytes)},
		out:    byteRing{data: make([]byte, ringBytes)},
		wake:   make(chan struct{}, 1),
		closed: make(chan struct{}),
	}
}

// Deliver gives the port a packet that arrived, which is copied. It is for one
// goroutine at a time and never blocks. The error is of kind fault.TooLarge for
// a packet over MaxPacketBytes, fault.Full when the port does not keep up, and
// net.ErrClosed after Close.
func (r *Ring) Deliver(packet []byte, arrival time.Time) error {
	switch {
	case r.isClosed.Load():
		return net.ErrClosed
	case len(packet) > MaxPacketBytes:
		r.lostIn.Add(1)
		return errPacketTooLarge
	case !r.in.push(packet, arrival.UnixNano()):
		r.lostIn.Add(1)
		return errRingFull
	}
	return nil
}

var (
	errPacketTooLarge = fault.New(fault.TooLarge, "mixer: packet over %d bytes", MaxPacketBytes)
	errRingFull       = fault.New(fault.Full, "mixer: ring full")
)

// Next waits for a packet to send, copies it into buf and gives its length. It
// is for one goroutine at a time. It fails with ctx's error or, once the port has
// closed and everything was read, net.ErrClosed. buf holds MaxPacketBytes.
func (r *Ring) Next(ctx context.Context, buf []byte) (int, error) {
	for {
		if n, ok := r.out.pop(buf); ok {
			return n, nil
		}
		r.waiting.Store(true)
		// Send may have pushed before it could see that we wait.
		if n, ok := r.out.pop(buf); ok {
			r.waiting.Store(false)
			return n, nil
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			r.waiting.Store(false)
			return 0, ctx.Err()
		case <-r.closed:
			if n, ok := r.out.pop(buf); ok {
				return n, nil
			}
			return 0, net.ErrClosed
		}
	}
}

// Send is for the port's worker.
func (r *Ring) Send(packet []byte) error {
	switch {
	case r.isClosed.Load():
		return net.ErrClosed
	case len(packet) > MaxPacketBytes || !r.out.push(packet, 0):
		r.lostOut.Add(1)
		return nil
	}
	if r.waiting.Load() && r.waiting.CompareAndSwap(true, false) {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// Lost is the number of packets that found no room on their way in and out.
func (r *Ring) Lost() (in, out uint64) { return r.lostIn.Load(), r.lostOut.Load() }

// Close ends the ring. A second call gives net.ErrClosed.
func (r *Ring) Close() error {
	if !r.isClosed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	close(r.closed)
	return nil
}

// byteRing is a queue of byte records between one writer and one reader. A
// record is its length (uint32), a number (uint64) and its bytes, in one piece; a
// length of skipRecord sends the reader back to the start of data.
type byteRing struct {
	data []byte // length a power of two
	_    [40]byte
	head atomic.Uint64 // written by the reader
	_    [56]byte
	tail atomic.Uint64 // written by the writer
	_    [56]byte
}

const (
	recordHeader = 12
	skipRecord   = 1<<32 - 1
)

// push adds a record; false when it does not fit.
func (q *byteRing) push(p []byte, number int64) bool {
	size := uint64(len(q.data))
	need := uint64(recordHeader+len(p)+7) &^ 7
	tail, head := q.tail.Load(), q.head.Load()
	at := tail & (size - 1)
	skip := uint64(0)
	if at+need > size {
		skip = size - at
	}
	if tail+skip+need-head > size {
		return false
	}
	if skip > 0 {
		// Records are multiples of 8, so a length always fits here.
		binary.LittleEndian.PutUint32(q.data[at:], skipRecord)
		tail, at = tail+skip, 0
	}
	binary.LittleEndian.PutUint32(q.data[at:], uint32(len(p)))
	binary.LittleEndian.PutUint64(q.data[at+4:], uint64(number))
	copy(q.data[at+recordHeader:], p)
	q.tail.Store(tail + need)
	return true
}

// peek is the oldest record, which stays until drop. It is a view into the ring.
func (q *byteRing) peek() (p []byte, number int64, ok bool) {
	head := q.head.Load()
	if head == q.tail.Load() {
		return nil, 0, false
	}
	size := uint64(len(q.data))
	at := head & (size - 1)
	n := binary.LittleEndian.Uint32(q.data[at:])
	if n == skipRecord {
		head += size - at
		q.head.Store(head)
		at = 0
		n = binary.LittleEndian.Uint32(q.data)
	}
	number = int64(binary.LittleEndian.Uint64(q.data[at+4:]))
	start := at + recordHeader
	return q.data[start : start+uint64(n) : start+uint64(n)], number, true
}

// drop removes the record that peek gave.
func (q *byteRing) drop(p []byte) {
	q.head.Store(q.head.Load() + uint64(recordHeader+len(p)+7)&^7)
}

func (q *byteRing) pop(buf []byte) (int, bool) {
	p, _, ok := q.peek()
	if !ok {
		return 0, false
	}
	n := copy(buf, p)
	q.drop(p)
	return n, true
}
