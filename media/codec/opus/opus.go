// Package opus is the Opus codec (RFC 6716) with its RTP payload format (RFC
// 7587): 48 kHz mono, frames of 20 ms, over libopus through cgo. Without cgo the
// codec is passed through but not transcoded.
//
// Encoder states (44 kB) and decoder states (18 kB) lie in C memory, each made at
// its first use and freed by Close. The package starts no goroutine.
package opus

import (
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

const (
	sampleRate   = 48000
	frameSamples = sampleRate / 50

	// maxFrameBytes is the longest frame that an encoder makes. Opus allows 8 bytes more
	// (RFC 6716 §3.4, R2), which nothing but 510 kbit/s would use; with an RTP header this
	// fills a block of Go's memory, where those would take the next larger one.
	maxFrameBytes = 1268

	maxPacket = 120 * time.Millisecond // RFC 6716 §3.4, R5
)

// The encoder's defaults: wide-band speech at a third of G.711's rate, and the
// complexity past which more work is hardly heard.
const (
	DefaultBitrate    = 32000
	DefaultComplexity = 5
)

// impairment is not Opus's, for which G.113 has nothing: it is that of EVS at 32 kbit/s
// (G.113 Appendix V), the fullband codec of our default rate that has been measured.
// Packets that forward error correction has restored count as lost.
var impairment = media.Impairment{Band: media.Fullband, Ie: 8.7, Bpl: 9.3}

var codec = media.Codec{
	Name: "opus", ConfName: "opus", PayloadType: media.DynamicPT,
	ClockRate: sampleRate, SampleRate: sampleRate, Channels: 2, Bitrate: DefaultBitrate, MaxFrameBytes: maxFrameBytes,
	Fmtp:            "minptime=10;useinbandfec=1",
	Impairment:      impairment,
	NewEncoder:      newEncoder,
	NewDecoder:      newDecoder,
	EncodeBatch:     encodeBatch,
	PayloadDuration: PacketDuration,
	PayloadLevel:    payloadLevel,
	Voiceless:       voiceless,
	Pausing:         pausing,
	Join:            join,
	Split:           split,
	History:         history,
}

// Codec is Opus. Every call gives the same codec.
func Codec() *media.Codec { return &codec }

// history covers the long-term prediction of the SILK layer and the energies that
// the CELT layer predicts from frame to frame (RFC 6716 §4.2.7.6, §4.3.2.1).
const history = 160 * time.Millisecond

// payloadLevel knows of silence only: a packet of up to two bytes is all header and
// holds no frame, which is what an encoder with DTX makes (RFC 6716 §3.1).
func payloadLevel(packet []byte) (level uint8, known bool) {
	return dsp.Silence, pausing(packet)
}

// voiceless reads the flags of voice activity, which the SILK layer has for each 20 ms as
// the first bits of a frame, most significant first (RFC 6716 §4.2.3, §4.1.3.2). Packets
// of several frames, which hardly anybody makes, those of the CELT layer alone and those
// in stereo, where the side channel has flags of its own, do not tell.
func voiceless(packet []byte) bool {
	if len(packet) < 2 || packet[0]>>3 >= 16 || packet[0]&7 != 0 {
		return false
	}
	frames := max(int(frameDuration(packet[0])/media.FrameDuration), 1)
	return packet[1]>>(8-frames) == 0
}

// pausing reports such a packet. Without them a decoder goes on by itself (RFC 7587
// §3.1.3).
func pausing(packet []byte) bool { return len(packet) <= 2 }

// PacketDuration reads how much audio a packet holds from its first bytes (RFC
// 6716 §3.1 and §3.2); 0 where they cannot be those of a packet.
func PacketDuration(packet []byte) time.Duration {
	if len(packet) == 0 {
		return 0
	}
	frame, frames := frameDuration(packet[0]), 1
	switch packet[0] & 3 {
	case 1: // two frames of one size
		if len(packet)%2 == 0 {
			return 0
		}
		frames = 2
	case 2: // two frames, the first one's length in front
		if len(packet) < 2 {
			return 0
		}
		frames = 2
	case 3: // a count
		if len(packet) < 2 {
			return 0
		}
		frames = int(packet[1] & 0x3f)
	}
	if d := frame * time.Duration(frames); d <= maxPacket {
		return d
	}
	return 0
}

// frameDuration is the frame size of a TOC byte's configuration (RFC 6716 table 2).
func frameDuration(toc byte) time.Duration {
	switch config := toc >> 3; {
	case config < 12: // SILK
		return [...]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		return [...]time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		return 2500 * time.Microsecond << (config & 3)
	}
}

// withDefaults fills what the caller left open and refuses what libopus would.
func withDefaults(cfg media.EncoderConfig) (media.EncoderConfig, error) {
	if cfg.Bitrate == 0 {
		cfg.Bitrate = DefaultBitrate
	}
	if cfg.Complexity == 0 {
		cfg.Complexity = DefaultComplexity
	}
	for _, v := range []struct {
		name          string
		value, lo, hi int
	}{
		{"bitrate", int(cfg.Bitrate), 6000, 510000},
		{"complexity", int(cfg.Complexity), 1, 10},
		{"loss percentage", int(cfg.LossPct), 0, 100},
		{"bandwidth", int(cfg.Bandwidth), 0, sampleRate},
	} {
		if v.value < v.lo || v.value > v.hi {
			return cfg, fmt.Errorf("opus: %w", fault.New(fault.Invalid, "%s %d is not in %d..%d", v.name, v.value, v.lo, v.hi))
		}
	}
	return cfg, nil
}
