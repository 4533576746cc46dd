package payload

import "encoding/binary"

// Bits of the VP8 payload descriptor (RFC 7741 §4.2).
const (
	vp8Extended  = 0x80 // X
	vp8Start     = 0x10 // S
	vp8Partition = 0x07 // PID

	vp8Picture  = 0x80 // I
	vp8Base     = 0x40 // L
	vp8Temporal = 0x20 // T
	vp8KeyIndex = 0x10 // K

	longPicture = 0x80 // M, of VP9 too
	vp8Sync     = 0x20 // Y
)

// vp8KeyHead is the frame tag, start code and dimensions of a key frame (RFC 6386 §9.1).
const vp8KeyHead = 10

func (p *Packet) vp8(b []byte) error {
	if len(b) < 2 {
		return ErrShort
	}
	first, at := b[0], 1
	if first&vp8Extended != 0 {
		n, err := p.vp8Extension(b)
		if err != nil {
			return err
		}
		at = n
	}
	if at >= len(b) {
		return ErrShort
	}
	p.Begins = first&vp8Start != 0 && first&vp8Partition == 0
	if !p.Begins || b[at]&1 != 0 { // the frame's first bit tells key frames by 0
		return nil
	}
	p.Key = true
	p.SwitchUp, p.OpensUp = true, true
	if head := b[at:]; len(head) >= vp8KeyHead {
		if head[3] != 0x9d || head[4] != 0x01 || head[5] != 0x2a {
			return ErrFormat
		}
		p.Width = binary.LittleEndian.Uint16(head[6:]) & 0x3fff // the rest is scaling
		p.Height = binary.LittleEndian.Uint16(head[8:]) & 0x3fff
	}
	return nil
}

// vp8Extension reads the extension of the descriptor and tells where the frame begins.
func (p *Packet) vp8Extension(b []byte) (int, error) {
	has, at := b[1], 2
	if has&vp8Picture != 0 {
		n, err := p.picture(b, at)
		if err != nil {
			return 0, err
		}
		at = n
	}
	if has&vp8Base != 0 {
		if at >= len(b) {
			return 0, ErrShort
		}
		p.BaseIndex, p.BaseAt = b[at], uint8(at)
		at++
	}
	if has&(vp8Temporal|vp8KeyIndex) != 0 {
		if at >= len(b) {
			return 0, ErrShort
		}
		if has&vp8Temporal != 0 {
			p.Temporal, p.SwitchUp, p.Layered = b[at]>>6, b[at]&vp8Sync != 0, true
		}
		at++
	}
	return at, nil
}

// picture reads a picture id of 7 or 15 bits, as VP8 and VP9 have it, and tells where it
// ends.
func (p *Packet) picture(b []byte, at int) (int, error) {
	if at >= len(b) {
		return 0, ErrShort
	}
	p.PictureAt = uint8(at)
	if b[at]&longPicture == 0 {
		p.PictureID, p.PictureBits = uint16(b[at]), 7
		return at + 1, nil
	}
	if at+1 >= len(b) {
		return 0, ErrShort
	}
	p.PictureID, p.PictureBits = binary.BigEndian.Uint16(b[at:])&0x7fff, 15
	return at + 2, nil
}

// PutPicture writes another picture id over that of a payload, or of the start of one.
func (p *Packet) PutPicture(b []byte, id uint16) {
	switch p.PictureBits {
	case 7:
		b[p.PictureAt] = byte(id) & 0x7f
	case 15:
		binary.BigEndian.PutUint16(b[p.PictureAt:], id|0x8000)
	}
}
