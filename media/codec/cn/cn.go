// Package cn is comfort noise (RFC 3389): what a silent party's background sounds
// like, told in a few bytes now and then instead of in frames, and made again from
// that. It starts no goroutine.
//
// A description is the level of the noise and the shape of its spectrum, as the
// reflection coefficients of an all-pole model. Their sign is the one that FFmpeg and
// browsers use: the first one of noise that is mostly low is negative.
package cn

import (
	"errors"
	"math"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

const (
	// Name is the encoding name of a=rtpmap.
	Name = "CN"
	// PayloadType is the static payload type, of a clock of 8 kHz (RFC 3551 §6).
	PayloadType = 13
	// ClockRate is that clock, in Hz. The noise itself has the sample rate of the codec
	// that it stands in for.
	ClockRate = 8000

	// MaxOrder is how many coefficients of a description count; more are passed over,
	// as RFC 3389 §3.3 allows.
	MaxOrder = 12
	// MaxBytes is the longest payload that Append makes.
	MaxBytes = 1 + MaxOrder
)

var errEmpty = errors.New("cn: empty payload")

// Description is one payload.
type Description struct {
	// Level is in −dBov: 0 is a square wave at full scale, 127 the lowest (RFC 3389 §3.1).
	Level uint8
	// Order is how many Reflection coefficients there are; 0 is white noise.
	Order int
	// Reflection lie within −1 and 1.
	Reflection [MaxOrder]float32
}

// Coefficients travel as 0..254, in steps of 258/32768 (RFC 3389 §3.3).
const (
	reflectionStep = 258.0 / 32768
	reflectionZero = 127
	reflectionMost = 254
)

// Parse reads a payload. Only an empty one is an error.
func Parse(payload []byte) (Description, error) {
	if len(payload) == 0 {
		return Description{}, errEmpty
	}
	d := Description{Level: payload[0] & 0x7f, Order: min(len(payload)-1, MaxOrder)}
	for i := range d.Order {
		v := min(int(payload[1+i]), reflectionMost)
		d.Reflection[i] = float32(v-reflectionZero) * reflectionStep
	}
	return d, nil
}

// Append adds the payload to dst, at most MaxBytes.
func (d *Description) Append(dst []byte) []byte {
	dst = append(dst, min(d.Level, dsp.Silence))
	for _, k := range d.Reflection[:d.Order] {
		v := math.Round(float64(k)/reflectionStep) + reflectionZero
		dst = append(dst, uint8(min(max(v, 0), reflectionMost)))
	}
	return dst
}
