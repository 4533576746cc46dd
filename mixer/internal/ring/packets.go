package ring

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
)

// packetsBytes holds what a port receives or sends in a third of a second at 20 ms
// and 300 bytes a packet, the record headers included.
const packetsBytes = 8 << 10

// MaxPacketBytes is the longest packet that Packets takes.
const MaxPacketBytes = 1600

// Packets is a port's transport in memory, for packets that another component has
// decrypted and will encrypt (WebRTC): one goroutine Delivers what it received,
// one calls Next for what is to be sent. Both directions are bounded; what does
// not fit is lost and counted.
type Packets struct {
	in, out  Bytes
	reader   *doorbell.Sleeper // who calls Next
	direct   func(packet []byte) bool
	closed   chan struct{}
	isClosed atomic.Bool
	lostIn   atomic.Uint64
	lostOut  atomic.Uint64
}

// NewPackets makes an empty transport.
func NewPackets() *Packets {
	return &Packets{
		in:     NewBytes(packetsBytes),
		out:    NewBytes(packetsBytes),
		reader: doorbell.NewSleeper(nil),
		closed: make(chan struct{}),
	}
}

// Use has who waits in Next woken by a Bell. It is for before a worker Sends.
func (r *Packets) Use(b *doorbell.Bell) { r.reader.Use(b) }

// Through has what a worker Sends given to send first, on the worker's thread, and only
// what that does not take to Next. send waits for nobody, takes no lock, allocates nothing
// and keeps nothing of the packet. It is for before a worker Sends.
func (r *Packets) Through(send func(packet []byte) bool) { r.direct = send }

// Deliver gives the port a packet that arrived, which is copied. It is for one
// goroutine at a time and never blocks. The error is of kind fault.TooLarge for
// a packet over MaxPacketBytes, fault.Full when the port does not keep up, and
// net.ErrClosed after Close.
func (r *Packets) Deliver(packet []byte, arrival time.Time) error {
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
func (r *Packets) Next(ctx context.Context, buf []byte) (int, error) {
	for {
		if n, ok := r.out.Pop(buf); ok {
			return n, nil
		}
		r.reader.Rests()
		// Send may have pushed before it could see that we wait.
		if n, ok := r.out.Pop(buf); ok {
			r.reader.Stays()
			return n, nil
		}
		select {
		case <-r.reader.Woken():
		case <-ctx.Done():
			r.reader.Stays()
			return 0, ctx.Err()
		case <-r.closed:
			if n, ok := r.out.Pop(buf); ok {
				return n, nil
			}
			return 0, net.ErrClosed
		}
	}
}

// TryNext is Next that does not wait; false when there is nothing to send.
func (r *Packets) TryNext(buf []byte) (int, bool) { return r.out.Pop(buf) }

// Peek is the first packet that arrived, valid until Drop, and when, in unix nanoseconds.
// It is for the port's worker.
func (r *Packets) Peek() (packet []byte, arrival int64, ok bool) { return r.in.Peek() }

// Drop lets go of the packet of Peek.
func (r *Packets) Drop(packet []byte) { r.in.Drop(packet) }

// Send is for the port's worker.
func (r *Packets) Send(packet []byte) error {
	switch {
	case r.isClosed.Load():
		return net.ErrClosed
	case r.direct != nil && r.out.Empty() && r.direct(packet): // none overtakes one that waits
		return nil
	case len(packet) > MaxPacketBytes || !r.out.Push(packet, 0):
		r.lostOut.Add(1)
		return nil
	}
	r.reader.Rouse()
	return nil
}

// Unsent counts a packet of Next that could not be sent after all.
func (r *Packets) Unsent() { r.lostOut.Add(1) }

// Lost is the number of packets that found no room on their way in, and of those
// that found none, or were Unsent, on their way out.
func (r *Packets) Lost() (in, out uint64) { return r.lostIn.Load(), r.lostOut.Load() }

// Close ends the transport. A second call gives net.ErrClosed.
func (r *Packets) Close() error {
	if !r.isClosed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	close(r.closed)
	return nil
}
