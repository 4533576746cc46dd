// Package l16 is uncompressed audio, L16 of RFC 3551 §4.5.11: 16-bit samples in
// network byte order, at 8 or 16 kHz (Asterisk's slin and slin16). It starts no
// goroutine.
package l16

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/conceal"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

var (
	errEmpty    = errors.New("l16: empty payload")
	errHalf     = errors.New("l16: payload ends in half a sample")
	errTooShort = errors.New("l16: output buffer too short")
)

var (
	narrowband = newCodec("slin", 8000, media.Impairment{Bpl: 25.1})
	wideband   = newCodec("slin16", 16000, media.Impairment{Band: media.Wideband, Bpl: 4.3})
)

// Narrowband is L16 at 8 kHz, Asterisk's slin. Every call gives the same codec.
func Narrowband() *media.Codec { return narrowband }

// Wideband is L16 at 16 kHz, Asterisk's slin16. Every call gives the same codec.
func Wideband() *media.Codec { return wideband }

// newCodec makes one of them. Uncompressed audio has no impairment of its own; against
// loss it is concealed as G.711 and G.722 are, whose Bpl stand in.
func newCodec(confName string, rate int, impairment media.Impairment) *media.Codec {
	return &media.Codec{
		Name: "L16", ConfName: confName, PayloadType: media.DynamicPT,
		ClockRate: rate, SampleRate: rate, Channels: 1, MaxFrameBytes: 2 * rate / 50,
		Impairment: impairment,
		NewEncoder: func(media.EncoderConfig) (media.Encoder, error) { return encoder{}, nil },
		NewDecoder: func() (media.Decoder, error) { return &decoder{loss: conceal.New(rate)}, nil },
		PayloadDuration: func(payload []byte) time.Duration {
			if len(payload)%2 != 0 {
				return 0
			}
			return time.Duration(len(payload)/2) * (time.Second / time.Duration(rate))
		},
		PayloadLevel: payloadLevel,
		Fade:         func(payload []byte, in bool) { fade(payload, in, rate/200) },
	}
}

// fade brings up the first n samples of a payload, or brings them down and clears what
// follows.
func fade(payload []byte, in bool, n int) {
	n = min(n, len(payload)/2)
	for i := range n {
		gain := i
		if !in {
			gain = n - i
		}
		s := int(int16(binary.BigEndian.Uint16(payload[2*i:])))
		binary.BigEndian.PutUint16(payload[2*i:], uint16(int16(s*gain/n)))
	}
	if !in {
		clear(payload[2*n:])
	}
}

// payloadLevel is the level of what a payload decodes to, exactly.
func payloadLevel(payload []byte) (level uint8, known bool) {
	if len(payload)%2 != 0 {
		return 0, false
	}
	var energy uint64
	for i := 0; i+1 < len(payload); i += 2 {
		s := int32(int16(binary.BigEndian.Uint16(payload[i:])))
		energy += uint64(s * s)
	}
	return dsp.LevelOf(energy, len(payload)/2), true
}

type encoder struct{}

func (encoder) Encode(dst []byte, pcm []int16) (int, error) {
	n := 2 * len(pcm)
	if len(dst) < n {
		return 0, errTooShort
	}
	for i, s := range pcm {
		binary.BigEndian.PutUint16(dst[2*i:], uint16(s))
	}
	return n, nil
}

func (encoder) CopyFrom(media.Encoder) {}
func (encoder) Close()                 {}

type decoder struct{ loss *conceal.Concealer }

func (d *decoder) Decode(pcm []int16, payload []byte) (int, error) {
	n := len(payload) / 2
	switch {
	case len(payload) == 0:
		return 0, errEmpty
	case len(payload)%2 != 0:
		return 0, errHalf
	case len(pcm) < n:
		return 0, errTooShort
	}
	pcm = pcm[:n]
	for i := range pcm {
		pcm[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	d.loss.Good(pcm)
	return n, nil
}

func (d *decoder) Conceal(pcm []int16) { d.loss.Conceal(pcm) }
func (d *decoder) Close()              {}
