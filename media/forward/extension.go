package forward

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
	"github.com/skygenesisenterprise/skybridge/media/video/payload"
)

// The header extensions that mean something here, as a=extmap names them.
const (
	MIDURI           = "urn:ietf:params:rtp-hdrext:sdes:mid"
	RIDURI           = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	RepairedRIDURI   = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	TransportWideURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	AbsSendTimeURI   = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
	OrientationURI   = "urn:3gpp:video-orientation"
	PlayoutDelayURI  = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
	ContentTypeURI   = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
	ColorSpaceURI    = "http://www.webrtc.org/experiments/rtp-hdrext/color-space"
)

// Extensions are the ids of header extensions in one direction of a media section; 0 is one
// that is not agreed on. Those of the first group are made or read here, those of the second
// passed on.
type Extensions struct {
	MID, RID, RepairedRID, TransportWide, AbsSendTime uint8

	Dependency, Orientation, PlayoutDelay, ContentType, ColorSpace uint8
}

// field is the place of the extension that a URI names, nil for one that is not known.
func (e *Extensions) field(uri string) *uint8 {
	switch uri {
	case MIDURI:
		return &e.MID
	case RIDURI:
		return &e.RID
	case RepairedRIDURI:
		return &e.RepairedRID
	case TransportWideURI:
		return &e.TransportWide
	case AbsSendTimeURI:
		return &e.AbsSendTime
	case payload.DependencyURI:
		return &e.Dependency
	case OrientationURI:
		return &e.Orientation
	case PlayoutDelayURI:
		return &e.PlayoutDelay
	case ContentTypeURI:
		return &e.ContentType
	case ColorSpaceURI:
		return &e.ColorSpace
	}
	return nil
}

// Set gives the extension that a URI names its id; it is false for one that is not known.
func (e *Extensions) Set(uri string, id uint8) bool {
	f := e.field(uri)
	if f != nil {
		*f = id
	}
	return f != nil
}

// carriedKinds is how many extensions are passed on.
const carriedKinds = 5

// carried are the ids of those that are passed on; the first is the dependency descriptor.
func (e *Extensions) carried() [carriedKinds]uint8 {
	return [...]uint8{e.Dependency, e.Orientation, e.PlayoutDelay, e.ContentType, e.ColorSpace}
}

// keep writes to dst the extensions of a packet that are passed on, each as its kind, its
// length and its content, and tells how much that is. What dst has no room for is left out.
func keep(dst []byte, h *rtp.Header, ids *[carriedKinds]uint8) (n int) {
	if h.Extension == nil {
		return 0
	}
	for kind, id := range ids {
		if id == 0 {
			continue
		}
		v := h.Element(id)
		if v == nil || len(v) > 255 || n+2+len(v) > len(dst) {
			continue
		}
		dst[n], dst[n+1] = byte(kind), byte(len(v))
		n += 2 + copy(dst[n+2:], v)
	}
	return n
}

// maxMID is how long a mid may be; longer ones are not sent in packets. Browsers' have one
// or two characters.
const maxMID = 16

// extensions writes the header extension of a packet that goes out at dst, and tells its
// length, which is 0 without any. number is added to a dependency descriptor's number.
func (r *Receiver) extensions(dst []byte, now time.Duration, mid, kept []byte, number uint16) int {
	if r.none && len(kept) == 0 {
		return 0
	}
	long := r.long || tooLong(kept)
	at := 4
	if id := r.ext.MID; id != 0 && len(mid) > 0 {
		at = element(dst, at, long, id, len(mid))
		at += copy(dst[at:], mid)
	}
	if id := r.ext.TransportWide; id != 0 {
		r.number++
		at = element(dst, at, long, id, 2)
		binary.BigEndian.PutUint16(dst[at:], r.number)
		at += 2
	}
	if id := r.ext.AbsSendTime; id != 0 {
		at = element(dst, at, long, id, 3)
		t := AbsSendTime(now)
		dst[at], dst[at+1], dst[at+2] = byte(t>>16), byte(t>>8), byte(t)
		at += 3
	}
	for len(kept) >= 2 {
		kind, n := kept[0], int(kept[1])
		if id := r.carried[kind]; id != 0 {
			at = element(dst, at, long, id, n)
			copy(dst[at:], kept[2:2+n])
			if kind == 0 && n > 2 {
				payload.PutFrame(dst[at:at+n], binary.BigEndian.Uint16(kept[3:])+number)
			}
			at += n
		}
		kept = kept[2+n:]
	}
	if at == 4 {
		return 0
	}
	for at%4 != 0 {
		dst[at] = 0
		at++
	}
	profile := uint16(0xbede)
	if long {
		profile = 0x1000
	}
	binary.BigEndian.PutUint16(dst, profile)
	binary.BigEndian.PutUint16(dst[2:], uint16(at/4-1))
	return at
}

// element writes the head of one, of n bytes, and tells where its content goes (RFC 8285
// §4.2, §4.3).
func element(dst []byte, at int, long bool, id uint8, n int) int {
	if long {
		dst[at], dst[at+1] = id, byte(n)
		return at + 2
	}
	dst[at] = id<<4 | byte(n-1)
	return at + 1
}

// tooLong tells whether an extension that is passed on needs the two-byte form.
func tooLong(kept []byte) bool {
	for len(kept) >= 2 {
		n := int(kept[1])
		if n == 0 || n > 16 {
			return true
		}
		kept = kept[2+n:]
	}
	return false
}

// AbsSendTime is a moment in the form of that extension: seconds, 6 bits before the point and
// 18 after it.
func AbsSendTime(now time.Duration) uint32 {
	s := now / time.Second
	return uint32(s)&0x3f<<18 | uint32((now-s*time.Second)<<18/time.Second)
}
