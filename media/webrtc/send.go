package webrtc

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/transport"
)

// errNotConnected is made once: it is met on the packet path.
var errNotConnected = fault.New(fault.Unavailable, "webrtc: peer not connected")

// paddingBit is that of the first byte (RFC 3550 §5.1).
const paddingBit = 0x20

// outbound is the sending half of a peer.
type outbound struct {
	stream *transport.Stream

	mu      sync.Mutex
	header  rtp.Header
	plain   [transport.MaxPacketBytes]byte
	packets uint64
	octets  uint64 // of payload
	failed  uint64 // could not be written
	stamp   uint32 // RTP timestamp of the latest packet
	at      time.Time
}

// WriteRTP sends one RTP packet. Its SSRC is replaced by the negotiated one, its
// payload type goes as it is. Nothing of packet is kept. A packet that the
// direction does not allow is dropped without an error; Unavailable says that the
// peer is not connected, Invalid that the packet is no RTP. It never waits for the
// peer and allocates nothing.
func (p *Peer) WriteRTP(packet []byte) error {
	agreed := p.media.Load()
	if agreed == nil || !p.connected.Load() {
		return errNotConnected
	}
	if !agreed.Direction.Sends() {
		return nil
	}
	o := &p.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := rtp.Parse(packet, &o.header); err != nil {
		return fault.New(fault.Invalid, "webrtc: send: %w", err)
	}
	if packet[0]&paddingBit != 0 { // it means nothing to the peer
		head := len(packet) - int(packet[len(packet)-1]) - len(o.header.Payload)
		packet = append(append(o.plain[:0], packet[:head]...), o.header.Payload...)
		packet[0] &^= paddingBit
	}
	o.stamp, o.at = o.header.Timestamp, time.Now()
	if err := o.stream.Send(packet); err != nil {
		o.failed++
		return fault.New(fault.Unavailable, "webrtc: send: %w", err)
	}
	o.packets++
	o.octets += uint64(len(o.header.Payload))
	return nil
}
