// Package payload reads of a packet of video what one who forwards it has to know: where
// frames begin and end, which can be decoded without an earlier one, their temporal and
// spatial layers and numbers, and how large they are. It knows VP8 (RFC 7741), VP9
// (RFC 9628), H.264 (RFC 6184) and AV1 (the payload format of the Alliance for Open Media,
// https://aomediacodec.github.io/av1-rtp-spec/, with its dependency descriptor).
//
// Nothing is decoded: only descriptors and the first bytes of headers are read. It does no
// I/O, starts no goroutine and allocates nothing.
package payload

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Codec is a payload format.
type Codec uint8

// The formats that are known.
const (
	Unknown Codec = iota
	VP8
	VP9
	H264
	AV1
)

var names = [...]string{Unknown: "unknown", VP8: "VP8", VP9: "VP9", H264: "H264", AV1: "AV1"}

// String is the encoding name, as in a=rtpmap.
func (c Codec) String() string { return names[c] }

// ByName is the format of an encoding name, in whatever case; Unknown for others.
func ByName(name string) Codec {
	for c := VP8; c <= AV1; c++ {
		if strings.EqualFold(names[c], name) {
			return c
		}
	}
	return Unknown
}

// What Read refuses, of kind fault.Invalid.
var (
	ErrShort   = fault.New(fault.Invalid, "video: payload ends inside its descriptor")
	ErrFormat  = fault.New(fault.Invalid, "video: payload is not of its format")
	ErrUnknown = fault.New(fault.Invalid, "video: payload format is not known")
)

// Packet is what one packet tells. It holds no pointer.
type Packet struct {
	// PictureID numbers frames, in PictureBits bits.
	PictureID uint16
	// Frame is the number in the dependency descriptor, where Described.
	Frame uint16
	// Width and Height are of the frame, in pixels, where the packet says them; else 0.
	Width, Height uint16
	// PictureBits is 7 or 15, or 0 without a PictureID.
	PictureBits uint8
	// PictureAt and BaseAt are where PictureID and BaseIndex stand in the payload, 0 for
	// nowhere: neither is ever the first byte.
	PictureAt, BaseAt uint8
	// BaseIndex counts the frames of temporal layer 0 (TL0PICIDX).
	BaseIndex uint8
	// Temporal and Spatial are the layer; 0 where there are none.
	Temporal, Spatial uint8
	// Begins and Ends tell the first packet of a frame and its last, as far as the payload
	// does: in H.264 only the marker and the timestamp do.
	Begins, Ends bool
	// Key is a packet with which decoding can begin.
	Key bool
	// Intra is the start of a picture that needs no other, but parameter sets that the packet
	// does not have (H.264): decoding can begin there if they come outside the stream.
	Intra bool
	// Described says that a dependency descriptor was read.
	Described bool
	// Layered says that Temporal is known, and can be used to leave frames out.
	Layered bool
	// SwitchUp is a frame that depends on none of its own temporal layer or above: who has
	// been sent the lower ones can be sent this one.
	SwitchUp bool
	// OpensUp is a frame after which no higher temporal layer depends on what came before
	// it on those layers.
	OpensUp bool
}

// Read reads a payload of the format into p. After an error p is not meaningful. AV1's
// dependency descriptor is a header extension, see Dependencies.
func Read(c Codec, payload []byte, p *Packet) error {
	*p = Packet{}
	switch c {
	case VP8:
		return p.vp8(payload)
	case VP9:
		return p.vp9(payload)
	case H264:
		return p.h264(payload)
	case AV1:
		return p.av1(payload)
	}
	return ErrUnknown
}
