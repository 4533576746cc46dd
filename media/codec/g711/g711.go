// Package g711 is ITU-T G.711, PCMU and PCMA of RFC 3551 §4.5.14: 64 kbit/s
// companded PCM at 8 kHz, one byte per sample.
//
// Both directions are table look-ups. The companding laws look at the upper 14
// bits (µ-law) and 12 bits (A-law) of a 16-bit sample only, so the encode tables
// have 16 KiB and 4 KiB instead of 64 KiB: both stay in a 32 KiB L1 cache beside
// the PCM, and no result differs. The package starts no goroutine.
package g711

import (
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/conceal"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

var (
	errEmpty    = errors.New("g711: empty payload")
	errTooShort = errors.New("g711: output buffer too short")
)

const sampleRate = 8000

// impairment is G.711's with concealment after its Appendix I (G.113 Appendix I; for
// packets of 10 ms).
var impairment = media.Impairment{Ie: 0, Bpl: 25.1}

// history is what concealment looks for the voice's period in (media/codec/conceal);
// decoding itself remembers nothing.
const history = 60 * time.Millisecond

var muLaw = media.Codec{
	Name: "PCMU", ConfName: "ulaw", PayloadType: 0,
	ClockRate: sampleRate, SampleRate: sampleRate, Channels: 1, MaxFrameBytes: 160,
	Impairment:      impairment,
	NewEncoder:      func(media.EncoderConfig) (media.Encoder, error) { return muLawEncoder{}, nil },
	NewDecoder:      func() (media.Decoder, error) { return newDecoder(&muLawDecode), nil },
	PayloadDuration: payloadDuration,
	PayloadLevel:    func(payload []byte) (uint8, bool) { return payloadLevel(&muLawEnergy, payload) },
	Fade:            fadeMuLaw,
	History:         history,
}

var aLaw = media.Codec{
	Name: "PCMA", ConfName: "alaw", PayloadType: 8,
	ClockRate: sampleRate, SampleRate: sampleRate, Channels: 1, MaxFrameBytes: 160,
	Impairment:      impairment,
	NewEncoder:      func(media.EncoderConfig) (media.Encoder, error) { return aLawEncoder{}, nil },
	NewDecoder:      func() (media.Decoder, error) { return newDecoder(&aLawDecode), nil },
	PayloadDuration: payloadDuration,
	PayloadLevel:    func(payload []byte) (uint8, bool) { return payloadLevel(&aLawEnergy, payload) },
	Fade:            fadeALaw,
	History:         history,
}

// MuLaw is PCMU. Every call gives the same codec.
func MuLaw() *media.Codec { return &muLaw }

// ALaw is PCMA. Every call gives the same codec.
func ALaw() *media.Codec { return &aLaw }

func payloadDuration(payload []byte) time.Duration {
	return time.Duration(len(payload)) * (time.Second / sampleRate)
}

// payloadLevel is the level of what a payload decodes to, exactly.
func payloadLevel(energies *[256]uint32, payload []byte) (level uint8, known bool) {
	var even, odd uint64
	rest := payload
	for ; len(rest) >= 4; rest = rest[4:] {
		even += uint64(energies[rest[0]]) + uint64(energies[rest[2]])
		odd += uint64(energies[rest[1]]) + uint64(energies[rest[3]])
	}
	for _, b := range rest {
		even += uint64(energies[b])
	}
	return dsp.LevelOf(even+odd, len(payload)), true
}

type muLawEncoder struct{}

func (muLawEncoder) Encode(dst []byte, pcm []int16) (int, error) {
	if len(dst) < len(pcm) {
		return 0, errTooShort
	}
	EncodeMuLaw(dst, pcm)
	return len(pcm), nil
}

func (muLawEncoder) CopyFrom(media.Encoder) {}
func (muLawEncoder) Close()                 {}

type aLawEncoder struct{}

func (aLawEncoder) Encode(dst []byte, pcm []int16) (int, error) {
	if len(dst) < len(pcm) {
		return 0, errTooShort
	}
	EncodeALaw(dst, pcm)
	return len(pcm), nil
}

func (aLawEncoder) CopyFrom(media.Encoder) {}
func (aLawEncoder) Close()                 {}

type decoder struct {
	table *[256]int16
	loss  *conceal.Concealer
}

func newDecoder(table *[256]int16) *decoder {
	return &decoder{table: table, loss: conceal.New(sampleRate)}
}

func (d *decoder) Decode(pcm []int16, payload []byte) (int, error) {
	if len(payload) == 0 {
		return 0, errEmpty
	}
	if len(payload) > len(pcm) {
		return 0, errTooShort
	}
	pcm = pcm[:len(payload)]
	for i, b := range payload {
		pcm[i] = d.table[b]
	}
	d.loss.Good(pcm)
	return len(pcm), nil
}

func (d *decoder) Conceal(pcm []int16) { d.loss.Conceal(pcm) }
func (d *decoder) Close()              {}
