package red

import (
	"encoding/binary"

	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

const (
	// window is how many packets back it is known what came.
	window = 64
	// maxPacket is the longest packet that is given out.
	maxPacket = 1600
)

// Unpacker makes of a stream of redundant packets, and of others among them, one without.
type Unpacker struct {
	ssrc    uint32
	began   bool
	highest uint16
	seen    uint64 // bit i: the packet highest-i was there, or is not missed

	blocks  [MaxEarlier + 1]Block
	buffers *[MaxEarlier + 1][maxPacket]byte // nil until a redundant packet comes
	packets [MaxEarlier + 1][]byte
}

// Saw takes note of a packet that came as it is. It is false for one that was given out
// already, as part of a later one.
func (u *Unpacker) Saw(h *rtp.Header) bool {
	if !u.began || h.SSRC != u.ssrc {
		u.begin(h)
		return true
	}
	ahead := int16(h.SequenceNumber - u.highest)
	switch {
	case ahead > 0 && ahead < window:
		u.seen = u.seen<<ahead | 1
		u.highest = h.SequenceNumber
	case ahead <= 0 && ahead > -window: // -ahead of the least int16 would be itself
		bit := uint64(1) << -ahead
		was := u.seen&bit != 0
		u.seen |= bit
		return !was
	default: // it began again elsewhere, or is too old to matter
		u.begin(h)
	}
	return true
}

func (u *Unpacker) begin(h *rtp.Header) {
	u.ssrc, u.began, u.highest, u.seen = h.SSRC, true, h.SequenceNumber, ^uint64(0)
}

// Unpack gives the packets that a redundant one stands for, each whole, of a payload type, with
// the packet's own header: those that are missing, from the oldest on, and last its own, unless
// it was given out already. They are valid until the next call. h is packet, parsed; the error
// is ErrDamaged.
func (u *Unpacker) Unpack(packet []byte, h *rtp.Header, pt uint8) ([][]byte, error) {
	n, ok := Parse(h.Payload, &u.blocks)
	if !ok || u.blocks[n-1].PayloadType != pt {
		return nil, ErrDamaged
	}
	if u.buffers == nil {
		u.buffers = new([MaxEarlier + 1][maxPacket]byte)
	}
	own := u.Saw(h)
	out := u.packets[:0]
	head := packet[:headerBytes(packet)]
	for i := range u.blocks[:n] {
		b := &u.blocks[i]
		back := uint16(n - 1 - i)
		if back == 0 {
			if own {
				out = u.give(out, head, h, b, pt, 0)
			}
			break
		}
		if b.PayloadType != pt || len(b.Frame) == 0 {
			continue // of another codec, or of silence
		}
		behind := u.highest - h.SequenceNumber + back
		if bit := uint64(1) << behind; behind < window && u.seen&bit == 0 {
			u.seen |= bit
			out = u.give(out, head, h, b, pt, back)
		}
	}
	return out, nil
}

// give makes the packet of a frame.
func (u *Unpacker) give(out [][]byte, head []byte, h *rtp.Header, b *Block, pt uint8, back uint16) [][]byte {
	p := u.buffers[len(out)][:]
	if len(head)+len(b.Frame) > len(p) {
		return out
	}
	p = p[:copy(p, head)+copy(p[len(head):], b.Frame)]
	p[0] &^= 0x20 // without padding
	p[1] = p[1]&0x80 | pt
	if back > 0 {
		p[1] = pt
	}
	binary.BigEndian.PutUint16(p[2:], h.SequenceNumber-back)
	binary.BigEndian.PutUint32(p[4:], h.Timestamp-b.Offset)
	return append(out, p)
}
