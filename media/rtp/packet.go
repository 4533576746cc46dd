// Package rtp is the wire side of the Real-time Transport Protocol: packets
// (RFC 3550), their header extensions (RFC 8285, RFC 6464), sequence numbers and
// reception statistics, RTCP reports, and the UDP sockets and ports they travel
// through.
//
// It starts no goroutine. Nothing here allocates after its constructor has
// returned, except where a comment says so: a worker drains hundreds of sockets
// on each of its ticks. Sockets are Linux only (recvmmsg, SO_TIMESTAMPNS); they
// stay outside Go's network poller, so that a worker decides when to look.
package rtp

import (
	"encoding/binary"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// HeaderBytes is the length of an RTP header without CSRCs and extensions.
const HeaderBytes = 12

// What Parse refuses. All are of kind fault.Invalid.
var (
	ErrShort     = fault.New(fault.Invalid, "rtp: packet ends inside its header")
	ErrVersion   = fault.New(fault.Invalid, "rtp: version is not 2")
	ErrExtension = fault.New(fault.Invalid, "rtp: header extension is longer than the packet")
	ErrPadding   = fault.New(fault.Invalid, "rtp: padding is longer than the payload")
)

// Header is one parsed RTP packet (RFC 3550 §5.1). Its slices are views into the
// packet and live as long as that does.
type Header struct {
	Marker         bool
	PayloadType    uint8
	SequenceNumber uint16
	Timestamp      uint32
	SSRC           uint32
	// ExtensionProfile is the 16 bits "defined by profile" of the header
	// extension, and Extension its content; nil when there is none.
	ExtensionProfile uint16
	Extension        []byte
	// Payload is what follows the header, without the padding.
	Payload []byte
}

// Parse reads a packet into h. It checks every length against the packet; after
// an error h is not meaningful.
func Parse(packet []byte, h *Header) error {
	if len(packet) < HeaderBytes {
		return ErrShort
	}
	if packet[0]>>6 != 2 {
		return ErrVersion
	}
	h.Marker = packet[1]&0x80 != 0
	h.PayloadType = packet[1] & 0x7f
	h.SequenceNumber = binary.BigEndian.Uint16(packet[2:])
	h.Timestamp = binary.BigEndian.Uint32(packet[4:])
	h.SSRC = binary.BigEndian.Uint32(packet[8:])
	h.ExtensionProfile, h.Extension = 0, nil

	rest := packet[HeaderBytes:]
	csrc := 4 * int(packet[0]&0x0f)
	if len(rest) < csrc {
		return ErrShort
	}
	rest = rest[csrc:]
	if packet[0]&0x10 != 0 {
		if len(rest) < 4 {
			return ErrShort
		}
		n := 4 * int(binary.BigEndian.Uint16(rest[2:]))
		if len(rest) < 4+n {
			return ErrExtension
		}
		h.ExtensionProfile = binary.BigEndian.Uint16(rest)
		h.Extension, rest = rest[4:4+n:4+n], rest[4+n:]
	}
	if packet[0]&0x20 != 0 {
		if len(rest) == 0 {
			return ErrPadding
		}
		pad := int(rest[len(rest)-1])
		if pad == 0 || pad > len(rest) {
			return ErrPadding
		}
		rest = rest[:len(rest)-pad]
	}
	h.Payload = rest
	return nil
}

// Put writes the fixed header, without CSRCs or extensions, to the start of dst
// and returns its length. dst holds at least HeaderBytes. The payload is not
// written: a caller encodes it straight behind the header.
func (h *Header) Put(dst []byte) int {
	_ = dst[HeaderBytes-1]
	dst[0] = 2 << 6
	dst[1] = h.PayloadType & 0x7f
	if h.Marker {
		dst[1] |= 0x80
	}
	binary.BigEndian.PutUint16(dst[2:], h.SequenceNumber)
	binary.BigEndian.PutUint32(dst[4:], h.Timestamp)
	binary.BigEndian.PutUint32(dst[8:], h.SSRC)
	return HeaderBytes
}

// IsRTCP tells RTCP from RTP on one port (RFC 5761 §4): the packet types 192 to
// 223 are RTCP, and no RTP payload type 64 to 95 may be used beside them.
func IsRTCP(packet []byte) bool {
	return len(packet) >= 4 && packet[0]>>6 == 2 && packet[1] >= 192 && packet[1] <= 223
}

// IsDTLS tells a handshake from RTP and RTCP on one port (RFC 7983 §7).
func IsDTLS(packet []byte) bool { return len(packet) > 0 && packet[0] >= 20 && packet[0] <= 63 }
