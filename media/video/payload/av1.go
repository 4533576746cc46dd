package payload

// Bits of the aggregation header (AV1 RTP §4.4).
const (
	av1Continues = 0x80 // Z: the first element goes on from the packet before
	av1Count     = 0x30 // W
	av1Sequence  = 0x08 // N: a coded video sequence begins
)

// Kinds of OBU (AV1 §6.2.2).
const obuSequence = 1

func (p *Packet) av1(b []byte) error {
	if len(b) < 2 {
		return ErrShort
	}
	head := b[0]
	if head&av1Continues != 0 && head&av1Sequence != 0 { // §4.4: N only with Z 0
		return ErrFormat
	}
	p.Key = head&av1Sequence != 0
	p.Begins = p.Key
	if !p.Key {
		return nil
	}
	p.SwitchUp, p.OpensUp = true, true
	count, rest := int(head&av1Count>>4), b[1:]
	for i := 1; len(rest) > 0; i++ {
		n := len(rest)
		if count == 0 || i < count {
			var ok bool
			if n, rest, ok = leb128(rest); !ok || n > len(rest) {
				return ErrShort
			}
		}
		if p.sequence(rest[:n]) {
			return nil
		}
		rest = rest[n:]
	}
	return nil
}

// leb128 reads a length (AV1 §4.10.5), of which the packet sets the limit.
func leb128(b []byte) (n int, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 4; i++ {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// sequence reads the size that a sequence header tells (AV1 §5.5.1); it is false for other
// OBUs.
func (p *Packet) sequence(obu []byte) bool {
	if len(obu) < 2 || obu[0]>>3&0xf != obuSequence {
		return false
	}
	at := 1
	if obu[0]&4 != 0 { // obu_extension_flag
		at++
	}
	if obu[0]&2 != 0 { // obu_has_size_field
		_, rest, ok := leb128(obu[min(at, len(obu)):])
		if !ok {
			return true
		}
		at = len(obu) - len(rest)
	}
	r := reader{b: obu[min(at, len(obu)):]}
	r.skip(3 + 1) // seq_profile, still_picture
	if reduced := r.flag(); reduced {
		r.skip(5)
	} else if !operatingPoints(&r) {
		return true
	}
	wide, high := int(r.take(4))+1, int(r.take(4))+1
	w, h := r.take(wide)+1, r.take(high)+1
	if !r.over && w <= 1<<14 && h <= 1<<14 {
		p.Width, p.Height = uint16(w), uint16(h)
	}
	return true
}

// operatingPoints passes over the middle of a sequence header; it is false for one with
// timing, which no sender of real-time video has.
func operatingPoints(r *reader) bool {
	if timing := r.flag(); timing {
		return false
	}
	delay := r.flag() // initial_display_delay_present_flag
	for range r.take(5) + 1 {
		r.skip(12)
		if r.take(5) > 7 { // seq_level_idx
			r.skip(1)
		}
		if delay && r.flag() {
			r.skip(4)
		}
	}
	return true
}
