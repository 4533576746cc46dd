package mixer

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
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
	in, out  ring.Bytes
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
		in:     ring.NewBytes(ringBytes),
		out:    ring.NewBytes(ringBytes),
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
	case !r.in.Push(packet, arrival.UnixNano()):
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
		if n, ok := r.out.Pop(buf); ok {
			return n, nil
		}
		r.waiting.Store(true)
		// Send may have pushed before it could see that we wait.
		if n, ok := r.out.Pop(buf); ok {
			r.waiting.Store(false)
			return n, nil
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			r.waiting.Store(false)
			return 0, ctx.Err()
		case <-r.closed:
			if n, ok := r.out.Pop(buf); ok {
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
	case len(packet) > MaxPacketBytes || !r.out.Push(packet, 0):
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

// Unsent counts a packet of Next that could not be sent after all.
func (r *Ring) Unsent() { r.lostOut.Add(1) }

// Lost is the number of packets that found no room on their way in, and of those
// that found none, or were Unsent, on their way out.
func (r *Ring) Lost() (in, out uint64) { return r.lostIn.Load(), r.lostOut.Load() }

// Close ends the ring. A second call gives net.ErrClosed.
func (r *Ring) Close() error {
	if !r.isClosed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	close(r.closed)
	return nil
}
