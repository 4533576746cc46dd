package payload

import "encoding/binary"

// Bits of the VP9 payload descriptor (RFC 9628 §4.2).
const (
	vp9Picture    = 0x80 // I
	vp9Predicted  = 0x40 // P
	vp9Layers     = 0x20 // L
	vp9Flexible   = 0x10 // F
	vp9Begin      = 0x08 // B
	vp9End        = 0x04 // E
	vp9Structure  = 0x02 // V
	vp9MaxIndices = 3
)

func (p *Packet) vp9(b []byte) error {
	if len(b) < 2 {
		return ErrShort
	}
	has, at := b[0], 1
	if has&vp9Picture != 0 {
		n, err := p.picture(b, at)
		if err != nil {
			return err
		}
		at = n
	}
	if has&vp9Layers != 0 {
		n, err := p.vp9Indices(b, at, has&vp9Flexible == 0)
		if err != nil {
			return err
		}
		at = n
	}
	if has&vp9Flexible != 0 && has&vp9Predicted != 0 {
		n, err := vp9References(b, at)
		if err != nil {
			return err
		}
		at = n
	}
	if has&vp9Structure != 0 {
		n, err := p.vp9Sizes(b, at)
		if err != nil {
			return err
		}
		at = n
	}
	if at >= len(b) {
		return ErrShort
	}
	p.Begins = has&vp9Begin != 0 && p.Spatial == 0
	p.Ends = has&vp9End != 0
	if p.Begins && has&vp9Predicted == 0 && p.vp9Key(b[at:]) {
		p.Key, p.SwitchUp, p.OpensUp = true, true, true
	}
	return nil
}

// vp9Key tells whether a frame begins as key frames do, and takes the size if the descriptor
// did not tell it (VP9 §6.2): the descriptors of ffmpeg say of no frame that it is predicted.
func (p *Packet) vp9Key(frame []byte) bool {
	r := reader{b: frame}
	if r.take(2) != 2 { // frame_marker
		return false
	}
	profile := r.take(1) | r.take(1)<<1
	if profile == 3 {
		r.skip(1)
	}
	if existing := r.flag(); existing || r.flag() { // show_existing_frame, frame_type
		return false
	}
	r.skip(2)
	if r.take(24) != 0x498342 {
		return false
	}
	if profile >= 2 {
		r.skip(1)
	}
	if r.take(3) != 7 { // color_space; sRGB is none of video calls
		r.skip(1)
		if profile&1 != 0 {
			r.skip(3)
		}
		if w, h := r.take(16)+1, r.take(16)+1; !r.over && p.Width == 0 && w <= 1<<14 && h <= 1<<14 {
			p.Width, p.Height = uint16(w), uint16(h)
		}
	}
	return true
}

// vp9Indices reads the layers, and TL0PICIDX where references are not in the descriptor.
func (p *Packet) vp9Indices(b []byte, at int, base bool) (int, error) {
	if at >= len(b) {
		return 0, ErrShort
	}
	p.Temporal, p.Spatial = b[at]>>5, b[at]>>1&7
	p.OpensUp, p.Layered = b[at]&0x10 != 0, true
	at++
	if base {
		if at >= len(b) {
			return 0, ErrShort
		}
		p.BaseIndex, p.BaseAt = b[at], uint8(at)
		at++
	}
	return at, nil
}

// vp9References passes over what the frame refers to.
func vp9References(b []byte, at int) (int, error) {
	for range vp9MaxIndices {
		if at >= len(b) {
			return 0, ErrShort
		}
		at++
		if b[at-1]&1 == 0 {
			return at, nil
		}
	}
	return 0, ErrFormat // a fourth
}

// vp9Sizes reads the scalability structure: the size is that of the largest layer.
func (p *Packet) vp9Sizes(b []byte, at int) (int, error) {
	if at >= len(b) {
		return 0, ErrShort
	}
	layers, sized, groups := int(b[at]>>5)+1, b[at]&0x10 != 0, b[at]&0x08 != 0
	at++
	if sized {
		if at+4*layers > len(b) {
			return 0, ErrShort
		}
		for range layers {
			p.Width = max(p.Width, binary.BigEndian.Uint16(b[at:]))
			p.Height = max(p.Height, binary.BigEndian.Uint16(b[at+2:]))
			at += 4
		}
	}
	if !groups {
		return at, nil
	}
	if at >= len(b) {
		return 0, ErrShort
	}
	pictures := int(b[at])
	at++
	for range pictures {
		if at >= len(b) {
			return 0, ErrShort
		}
		at += 1 + int(b[at]>>2&3)
	}
	return at, nil
}
