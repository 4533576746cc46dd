package red

import (
	"encoding/binary"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Packer makes redundant packets of a stream.
type Packer struct {
	frames [MaxEarlier]frame // the latest first
}

// frame is one that was sent.
type frame struct {
	ssrc   uint32
	stamp  uint32
	number uint16
	length int // 0 is none
	data   [maxLength]byte
}

// Pack writes a packet to dst as a redundant one of a payload type, with as many of the frames
// before it as are asked for, there is room for, and follow each other; it tells the length.
// 0 says that it has to go as it is: there is none, or no room. h is packet, parsed.
func (p *Packer) Pack(dst, packet []byte, h *rtp.Header, pt uint8, earlier int) int {
	head := headerBytes(packet)
	room := len(dst) - head - 1 - len(h.Payload)
	n := 0
	for n < min(earlier, MaxEarlier) {
		f := &p.frames[n]
		need := headBytes + f.length
		if f.length == 0 || f.ssrc != h.SSRC || f.number != h.SequenceNumber-uint16(n+1) || h.Timestamp-f.stamp > maxOffset || need > room {
			break
		}
		room -= need
		n++
	}
	if n == 0 {
		return 0
	}
	at := copy(dst, packet[:head])
	dst[0] &^= 0x20 // without padding
	inner := dst[1] & 0x7f
	dst[1] = dst[1]&0x80 | pt
	for i := n - 1; i >= 0; i-- {
		f := &p.frames[i]
		binary.BigEndian.PutUint32(dst[at:], 1<<31|uint32(inner)<<24|(h.Timestamp-f.stamp)<<10|uint32(f.length))
		at += headBytes
	}
	dst[at] = inner
	at++
	for i := n - 1; i >= 0; i-- {
		f := &p.frames[i]
		at += copy(dst[at:], f.data[:f.length])
	}
	return at + copy(dst[at:], h.Payload)
}

// Keep takes note of a packet that was sent, for those that follow.
func (p *Packer) Keep(h *rtp.Header) {
	copy(p.frames[1:], p.frames[:MaxEarlier-1])
	f := &p.frames[0]
	f.ssrc, f.stamp, f.number, f.length = h.SSRC, h.Timestamp, h.SequenceNumber, 0
	if len(h.Payload) <= maxLength {
		f.length = copy(f.data[:], h.Payload)
	}
}
