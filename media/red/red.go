package red

import (
	"encoding/binary"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// MaxEarlier is how many earlier frames of a packet are looked at, or packed.
const MaxEarlier = 3

// What RFC 2198 §3 has bits for.
const (
	maxOffset = 1<<14 - 1 // RTP clock units
	maxLength = 1<<10 - 1 // bytes
	headBytes = 4         // of an earlier frame
)

// ErrDamaged is for a payload that is none of RFC 2198.
var ErrDamaged = fault.New(fault.Invalid, "red: damaged packet")

// Block is one frame in a packet.
type Block struct {
	PayloadType uint8
	Offset      uint32 // how much earlier than the packet's timestamp it is
	Frame       []byte // a view of the payload
}

// Parse reads a payload: the earlier frames, the latest MaxEarlier of them, from the oldest on,
// and last the packet's own. It is false for a damaged one.
func Parse(payload []byte, blocks *[MaxEarlier + 1]Block) (n int, ok bool) {
	rest := payload
	total := 0
	for len(rest) > 0 && rest[0]&0x80 != 0 {
		if len(rest) < headBytes {
			return 0, false
		}
		if n == MaxEarlier { // make room
			copy(blocks[:], blocks[1:MaxEarlier])
			n--
		}
		bits := binary.BigEndian.Uint32(rest)
		// Where the frame lies is known when all heads are: until then its place from the
		// first on is kept in its length and capacity.
		length := int(bits & maxLength)
		if total+length > len(payload) {
			return 0, false
		}
		blocks[n] = Block{PayloadType: rest[0] & 0x7f, Offset: bits >> 10 & maxOffset, Frame: payload[total : total+length]}
		total += length
		n++
		rest = rest[headBytes:]
	}
	if len(rest) < 1 || total > len(rest)-1 {
		return 0, false
	}
	heads := len(payload) - len(rest) + 1
	for i := range n {
		at := cap(payload) - cap(blocks[i].Frame) + heads
		blocks[i].Frame = payload[at : at+len(blocks[i].Frame)]
	}
	blocks[n] = Block{PayloadType: rest[0] & 0x7f, Frame: rest[1+total:]}
	return n + 1, true
}

// headerBytes is how long the RTP header of a packet is, extensions included, which rtp.Parse
// has found good.
func headerBytes(packet []byte) int {
	n := rtp.HeaderBytes + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 != 0 {
		n += 4 + 4*int(binary.BigEndian.Uint16(packet[n+2:]))
	}
	return n
}
