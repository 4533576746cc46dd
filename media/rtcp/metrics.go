package rtcp

import (
	"math"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/media/reception"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Receiving is how a stream is received, for VoIP metrics.
type Receiving struct {
	SSRC   uint32
	Bursts reception.Bursts
	// Packet is how much audio a packet of it holds.
	Packet    time.Duration
	RoundTrip time.Duration
	// Delay is how much audio the jitter buffer holds, Limit the most it may; 0 where
	// packets are relayed as they come.
	Delay, Limit time.Duration
	Codec        media.Impairment
}

// How loss is concealed, and of what kind the jitter buffer is (RFC 3611 §4.7.6).
const (
	enhancedConcealment = 0b10 << 6
	adaptiveBuffer      = 0b11 << 4
)

// Metrics makes the VoIP metrics block (RFC 3611 §4.7). R is for narrowband codecs only,
// whose scale it has; the MOS is that of the codec's own scale.
func (r *Receiving) Metrics() rtp.VoIPMetrics {
	b := &r.Bursts
	burst, gap := b.Density()
	burstFor, gapFor := b.Durations(r.Packet)
	system := r.Delay + 2*r.Packet // one frame to be filled, one to be played
	m := rtp.VoIPMetrics{
		SSRC: r.SSRC, LossRate: part(b.Lost(), b.Packets()), DiscardRate: part(b.Discarded(), b.Packets()),
		BurstDensity: of256(burst), GapDensity: of256(gap), BurstDuration: millis(burstFor), GapDuration: millis(gapFor),
		RoundTrip: millis(r.RoundTrip), EndSystemDelay: millis(system),
		SignalLevel: rtp.Unavailable, NoiseLevel: rtp.Unavailable, EchoReturnLoss: rtp.Unavailable, Gmin: reception.Gmin,
		R: rtp.Unavailable, ExternalR: rtp.Unavailable, MOSListening: rtp.Unavailable, MOSConversation: rtp.Unavailable,
		BufferNominal: millis(r.Delay), BufferMaximum: millis(r.Delay), BufferAbsolute: millis(r.Limit),
	}
	if r.Limit > 0 {
		m.Receiver = enhancedConcealment | adaptiveBuffer
	}
	path := quality.Path{BurstRatio: quality.BurstRatio(b.Packets(), b.Gone(), b.Runs())}
	if n := b.Packets(); n > 0 {
		path.Loss = float64(b.Gone()) / float64(n)
	}
	listening, ok := quality.Rate(r.Codec, path)
	if !ok {
		return m
	}
	path.Delay = r.RoundTrip/2 + system
	conversation, _ := quality.Rate(r.Codec, path)
	m.MOSListening, m.MOSConversation = tenths(listening.MOS), tenths(conversation.MOS)
	if conversation.Band == media.Narrowband {
		m.R = uint8(math.Round(conversation.R))
	}
	return m
}

func part(of, all uint32) uint8 {
	if all == 0 {
		return 0
	}
	return of256(float64(of) / float64(all))
}

func of256(share float64) uint8 { return uint8(min(share*256, 255)) }

func tenths(mos float64) uint8 { return uint8(math.Round(10 * mos)) }

func millis(d time.Duration) uint16 { return uint16(min(d.Milliseconds(), math.MaxUint16)) } //nolint:gosec // bounded
