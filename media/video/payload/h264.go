package payload

import "encoding/binary"

// Types of NAL units (RFC 6184 §5.2, H.264 table 7-1).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

func (p *Packet) h264(b []byte) error {
	if len(b) < 1 {
		return ErrShort
	}
	if b[0]&0x80 != 0 { // forbidden_zero_bit
		return ErrFormat
	}
	switch kind := b[0] & 0x1f; kind {
	case nalSTAPA:
		return p.aggregate(b[1:])
	case nalFUA:
		if len(b) < 2 {
			return ErrShort
		}
		if start := b[1]&0x80 != 0; start {
			p.unit(b[1]&0x1f, b[2:])
		}
	case 0, 30, 31: // undefined
		return ErrFormat
	default:
		p.unit(kind, b[1:])
	}
	return nil
}

// aggregate reads the units of a STAP-A (RFC 6184 §5.7.1).
func (p *Packet) aggregate(b []byte) error {
	for len(b) > 0 {
		if len(b) < 2 {
			return ErrShort
		}
		n := int(binary.BigEndian.Uint16(b))
		if n == 0 || 2+n > len(b) {
			return ErrShort
		}
		p.unit(b[2]&0x1f, b[3:2+n])
		b = b[2+n:]
	}
	return nil
}

// unit takes one unit, without its first byte.
func (p *Packet) unit(kind uint8, body []byte) {
	switch kind {
	case nalSPS:
		p.Key = true
		p.Width, p.Height = spsSize(body)
	case nalIDR:
		p.Intra = true
	}
}

// spsSize is the size of the picture that a sequence parameter set tells (H.264 §7.3.2.1.1),
// or nothing where that is cut off or strange. body begins with profile_idc.
func spsSize(body []byte) (width, height uint16) {
	if len(body) < 4 {
		return 0, 0
	}
	// Emulation prevention (§7.4.1) could only change what comes after the size in any
	// stream that is sane; a set in which it comes earlier has its bytes taken out.
	var plain [64]byte
	r := reader{b: plain[:unescape(plain[:], body)]}
	profile := r.take(8)
	r.skip(16) // constraints, level
	r.golomb() // seq_parameter_set_id
	chroma := uint32(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		chroma = r.golomb()
		if chroma == 3 {
			r.skip(1)
		}
		r.golomb() // bit depths
		r.golomb()
		r.skip(1)
		if r.take(1) != 0 { // scaling matrices, of which no sender of real-time video makes use
			return 0, 0
		}
	}
	r.golomb() // log2_max_frame_num_minus4
	switch r.golomb() {
	case 0:
		r.golomb()
	case 1:
		return 0, 0
	}
	r.golomb() // max_num_ref_frames
	r.skip(1)
	w, h := 16*(r.golomb()+1), 16*(r.golomb()+1)
	progressive := r.take(1)
	if progressive == 0 {
		h *= 2
		r.skip(1)
	}
	r.skip(1)
	if r.take(1) != 0 { // cropping, in units of the chroma's sampling
		x, y := uint32(2), uint32(2)
		if chroma == 3 {
			x = 1
		}
		if chroma != 1 {
			y = 1
		}
		y *= 2 - progressive
		w -= x * (r.golomb() + r.golomb())
		h -= y * (r.golomb() + r.golomb())
	}
	if r.over || w == 0 || h == 0 || w > 1<<14 || h > 1<<14 {
		return 0, 0
	}
	return uint16(w), uint16(h)
}

// unescape takes emulation prevention out of src, as much as dst holds, and tells how much
// that is.
func unescape(dst, src []byte) (n int) {
	zeros := 0
	for _, c := range src {
		if n == len(dst) {
			break
		}
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		zeros++
		if c != 0 {
			zeros = 0
		}
		dst[n] = c
		n++
	}
	return n
}
