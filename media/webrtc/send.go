package webrtc

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// errNotConnected is made once: it is met on the packet path.
var errNotConnected = fault.New(fault.Unavailable, "webrtc: peer not connected")

// paddingBit is that of the first byte (RFC 3550 §5.1).
const paddingBit = 0x20

// outbound is the sending half of a peer. Nobody who sends takes a lock.
type outbound struct {
	stream *transport.Stream
	busy   atomic.Bool // somebody sends, who has the next three
	header rtp.Header
	plain  [transport.MaxPacketBytes]byte
	redundancy

	packets atomic.Uint64
	octets  atomic.Uint64 // of payload
	failed  atomic.Uint64 // could not be written
	latest  atomic.Uint64 // mark of the latest packet
}

// began is what marks count from.
var began = time.Now()

// mark is an RTP timestamp and when it was, in units of 2^16 ns.
func mark(stamp uint32, at time.Time) uint64 {
	return uint64(stamp)<<32 | uint64(uint32(at.Sub(began)>>16))
}

// stampAt is the RTP timestamp at a time, of a clock in Hz.
func (o *outbound) stampAt(now time.Time, clock int) uint32 {
	m := o.latest.Load()
	since := time.Duration(uint32(now.Sub(began)>>16)-uint32(m)) << 16
	return uint32(m>>32) + elapsed(since, clock)
}

// WriteRTP sends one RTP packet. Its SSRC is replaced by the negotiated one, its
// payload type goes as it is. Nothing of packet is kept. A packet that the
// direction does not allow is dropped without an error; Unavailable says that the
// peer is not connected, Invalid that the packet is no RTP. It never waits for the
// peer and allocates nothing.
func (p *Peer) WriteRTP(packet []byte) error {
	for !p.out.busy.CompareAndSwap(false, true) {
		runtime.Gosched() // another sends, which takes some microseconds
	}
	defer p.out.busy.Store(false)
	_, err := p.write(packet, false)
	return err
}

// WriteNow is WriteRTP for threads that wait for nobody, as the mixer's workers. ok is
// false when packet was left to WriteRTP: somebody else sends at this moment, or the path
// is TCP or a relay's.
func (p *Peer) WriteNow(packet []byte) (ok bool, err error) {
	if !p.out.busy.CompareAndSwap(false, true) {
		return false, nil
	}
	defer p.out.busy.Store(false)
	return p.write(packet, true)
}

// write is for who has made the sending half busy.
func (p *Peer) write(packet []byte, now bool) (ok bool, err error) {
	agreed := p.media.Load()
	if agreed == nil || !p.connected.Load() {
		return true, errNotConnected
	}
	if !agreed.Direction.Sends() {
		return true, nil
	}
	o := &p.out
	if err := rtp.Parse(packet, &o.header); err != nil {
		return true, fault.New(fault.Invalid, "webrtc: send: %w", err)
	}
	earlier, packed := o.wanted(agreed, &o.header), 0
	if earlier > 0 {
		packed = o.packer.Pack(o.plain[:maxRedundant], packet, &o.header, agreed.SendRedundant, earlier)
	}
	switch {
	case packed > 0:
		packet = o.plain[:packed]
	case packet[0]&paddingBit != 0 && len(packet) <= len(o.plain): // it means nothing to the peer
		packet = o.plain[:copy(o.plain[:], packet[:len(packet)-int(packet[len(packet)-1])])]
		packet[0] &^= paddingBit
	}
	at := time.Now()
	if now {
		if ok, err = o.stream.SendNow(packet); !ok {
			return false, nil
		}
	} else {
		err = o.stream.Send(packet)
	}
	if err != nil {
		o.failed.Add(1)
		return true, fault.New(fault.Unavailable, "webrtc: send: %w", err)
	}
	if earlier > 0 {
		o.packer.Keep(&o.header)
	}
	o.latest.Store(mark(o.header.Timestamp, at))
	o.packets.Add(1)
	o.octets.Add(uint64(len(o.header.Payload)))
	return true, nil
}
