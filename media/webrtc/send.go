package webrtc

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// errNotConnected is made once: it is met on the packet path.
var errNotConnected = fault.New(fault.Unavailable, "webrtc: peer not connected")

// outbound is the sending half of a peer.
type outbound struct {
	stream atomic.Pointer[pion.TrackLocalWriter]

	mu      sync.Mutex
	packet  rtp.Packet // reused, so that its slices are
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
	stream := p.out.stream.Load()
	agreed := p.media.Load()
	if stream == nil || agreed == nil || !p.connected.Load() {
		return errNotConnected
	}
	if !agreed.Direction.Sends() {
		return nil
	}
	o := &p.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.packet.Unmarshal(packet); err != nil {
		return fault.New(fault.Invalid, "webrtc: send: %w", err)
	}
	o.packet.SSRC = agreed.SSRC
	// The packet's own padding means nothing to the peer.
	o.packet.Padding, o.packet.Header.PaddingSize = false, 0
	o.stamp, o.at = o.packet.Timestamp, time.Now()
	if _, err := (*stream).WriteRTP(&o.packet.Header, o.packet.Payload); err != nil {
		o.failed++
		return fault.New(fault.Unavailable, "webrtc: send: %w", err)
	}
	o.packets++
	o.octets += uint64(len(o.packet.Payload))
	return nil
}

// track is what pion takes for the source of our audio. It only gives us the
// stream to write to.
type track struct {
	peer       *Peer
	id, stream string
}

// Bind is called once the first negotiation is done.
func (t *track) Bind(c pion.TrackLocalContext) (pion.RTPCodecParameters, error) {
	codecs := c.CodecParameters()
	if len(codecs) == 0 {
		return pion.RTPCodecParameters{}, pion.ErrUnsupportedCodec
	}
	stream := c.WriteStream()
	t.peer.out.stream.Store(&stream)
	return codecs[0], nil
}

// Unbind ends the sending.
func (t *track) Unbind(pion.TrackLocalContext) error {
	t.peer.out.stream.Store(nil)
	return nil
}

// ID, RID, StreamID and Kind are what pion writes into its own description.
func (t *track) ID() string              { return t.id }
func (t *track) RID() string             { return "" }
func (t *track) StreamID() string        { return t.stream }
func (t *track) Kind() pion.RTPCodecType { return pion.RTPCodecTypeAudio }
