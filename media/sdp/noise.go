package sdp

import (
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/cn"
)

// noisePayload is comfort noise as we say it. Only the static type is negotiated: what
// describes noise in another clock belongs to codecs that have a DTX of their own.
var noisePayload = Payload{Type: cn.PayloadType, Encoding: Encoding{Name: cn.Name, ClockRate: cn.ClockRate, Channels: 1}}

// hasNoise reports whether comfort noise is among the payload types of a line.
func hasNoise(payloads []Payload) bool {
	return slices.ContainsFunc(payloads, func(p Payload) bool {
		return p.Type == cn.PayloadType && strings.EqualFold(p.Name, cn.Name) && p.ClockRate == cn.ClockRate
	})
}

// takesNoise reports whether one of the codecs goes with it.
func takesNoise(formats []media.Format) bool {
	return slices.ContainsFunc(formats, func(f media.Format) bool {
		return f.Codec.ClockRate == cn.ClockRate
	})
}
