// Package g722 is ITU-T G.722 in its mode 1, 64 kbit/s: 16 kHz audio split in two
// bands, each coded by adaptive differential PCM, 6 bits for the lower band and 2
// for the upper. Written from the recommendation's block descriptions; names in
// capitals in the comments (QUANTL, UPPOL2) are its blocks of §6.2.
//
// In RTP its clock is 8 kHz although it carries 16 kHz (RFC 3551 §4.5.2). Lost
// frames are made up from the decoded audio by package conceal; the predictors
// find back by themselves, since both leak. The package starts no goroutine.
package g722

import (
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/conceal"
)

const sampleRate = 16000

var (
	errEmpty    = errors.New("g722: empty payload")
	errOdd      = errors.New("g722: a frame has an even number of samples")
	errTooShort = errors.New("g722: output buffer too short")
)

// impairment: Ie is G.722's at 64 kbit/s (G.113 Table IV.1). G.113 has no Bpl for it;
// that of G.722.2 at 12.65 kbit/s stands in, whose Ie is the same (Table IV.4).
var impairment = media.Impairment{Band: media.Wideband, Ie: 13, Bpl: 4.3}

var codec = media.Codec{
	Name: "G722", ConfName: "g722", PayloadType: 9,
	ClockRate: 8000, SampleRate: sampleRate, Channels: 1, MaxFrameBytes: 160,
	Impairment:      impairment,
	NewEncoder:      func(media.EncoderConfig) (media.Encoder, error) { return NewEncoder(), nil },
	NewDecoder:      func() (media.Decoder, error) { return NewDecoder(), nil },
	PayloadDuration: payloadDuration,
}

// Codec is G.722. Every call gives the same codec.
func Codec() *media.Codec { return &codec }

// payloadDuration: each byte is one sample of either band, 1/8000 s.
func payloadDuration(payload []byte) time.Duration {
	return time.Duration(len(payload)) * (time.Second / 8000)
}

// Encoder is one stream to be sent. Its state is a plain value.
type Encoder struct {
	split filter
	lower band
	upper band
}

// NewEncoder makes an Encoder in the recommendation's reset state.
func NewEncoder() *Encoder {
	return &Encoder{lower: band{det: resetLower}, upper: band{det: resetUpper}}
}

// Encode implements media.Encoder: one byte for every two samples.
func (e *Encoder) Encode(dst []byte, pcm []int16) (int, error) {
	n := len(pcm) / 2
	switch {
	case len(pcm)%2 != 0:
		return 0, errOdd
	case len(dst) < n:
		return 0, errTooShort
	}
	var x bands
	for dst := dst[:n]; len(dst) > 0; {
		now := min(len(dst), block)
		e.split.analyse(&x, pcm[:2*now])
		for i := range dst[:now] {
			dst[i] = byte(e.upper.encodeUpper(x.upper[i])<<6 | e.lower.encodeLower(x.lower[i]))
		}
		dst, pcm = dst[now:], pcm[2*now:]
	}
	return n, nil
}

// CopyFrom implements media.Encoder. src is an Encoder of this package.
func (e *Encoder) CopyFrom(src media.Encoder) {
	if s, ok := src.(*Encoder); ok {
		*e = *s
	}
}

// Close implements media.Encoder; there is nothing to free.
func (e *Encoder) Close() {}

// Decoder is one received stream.
type Decoder struct {
	join  filter
	lower band
	upper band
	loss  *conceal.Concealer
}

// NewDecoder makes a Decoder in the recommendation's reset state.
func NewDecoder() *Decoder {
	return &Decoder{
		lower: band{det: resetLower}, upper: band{det: resetUpper},
		loss: conceal.New(sampleRate),
	}
}

// Decode implements media.Decoder: two samples for every byte. Every byte is
// valid.
func (d *Decoder) Decode(pcm []int16, payload []byte) (int, error) {
	switch {
	case len(payload) == 0:
		return 0, errEmpty
	case len(pcm) < 2*len(payload):
		return 0, errTooShort
	}
	pcm = pcm[:2*len(payload)]
	var y bands
	for out := pcm; len(out) > 0; {
		now := min(len(payload), block)
		for i, code := range payload[:now] {
			y.lower[i] = d.lower.decodeLower(int32(code & 0x3f))
			y.upper[i] = d.upper.decodeUpper(int32(code >> 6))
		}
		d.join.synthesise(out[:2*now], &y)
		out, payload = out[2*now:], payload[now:]
	}
	d.loss.Good(pcm)
	return len(pcm), nil
}

// Conceal implements media.Decoder.
func (d *Decoder) Conceal(pcm []int16) { d.loss.Conceal(pcm) }

// Close implements media.Decoder; there is nothing to free.
func (d *Decoder) Close() {}
