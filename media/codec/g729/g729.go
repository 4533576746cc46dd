// Package g729 is ITU-T G.729 with Annexes A and B, in the RTP format of RFC 3551
// §4.5.6: 8 kbit/s at 8 kHz, frames of 10 ms in 10 bytes, and comfort noise in 2.
//
// There is no G.729 of our own. Without a library it is passed through between two who
// speak it; Load takes libbcg729 from the system at run time, where an operator
// installed it (Debian's libbcg729-0). That library is under the GPL: it is neither
// linked nor shipped.
//
// We never send Annex B's silence (annexb=no), and understand it when it comes. States
// lie in C memory, each made at its first use and freed by Close. The package starts no
// goroutine.
package g729

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
)

// Auto is the library by the name that the system's loader finds it under.
const Auto = "libbcg729.so.0"

const (
	sampleRate    = 8000
	payloadType   = 18
	frameSamples  = 80
	frameBytes    = 10
	silenceBytes  = 2 // a frame of Annex B
	frameDuration = 10 * time.Millisecond

	// packetFrames is how many make what an encoder is given.
	packetFrames = int(media.FrameDuration / frameDuration)
)

// history covers the moving averages that predict spectrum and gains (four frames), and
// the longest pitch.
const history = 80 * time.Millisecond

// impairment is G.729A's (G.113 Appendix I), with or without Annex B.
var impairment = media.Impairment{Ie: 11, Bpl: 19}

var passThrough = describe()

// PassThrough is G.729 that cannot be decoded. Every call gives the same codec.
func PassThrough() *media.Codec { return passThrough }

func describe() *media.Codec {
	return &media.Codec{
		Name: "G729", ConfName: "g729", PayloadType: payloadType,
		ClockRate: sampleRate, SampleRate: sampleRate, Channels: 1, MaxFrameBytes: packetFrames * frameBytes,
		Fmtp:            "annexb=no",
		Impairment:      impairment,
		PayloadDuration: payloadDuration,
		History:         history,
	}
}

// payloadDuration counts frames; a payload may end in one of silence.
func payloadDuration(payload []byte) time.Duration {
	switch frames, rest := len(payload)/frameBytes, len(payload)%frameBytes; rest {
	case 0:
		return time.Duration(frames) * frameDuration
	case silenceBytes:
		return time.Duration(frames+1) * frameDuration
	default:
		return 0
	}
}
