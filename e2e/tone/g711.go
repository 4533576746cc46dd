package tone

// FromMuLaw is the samples of G.711 µ-law, by the arithmetic of ITU-T G.711.
func FromMuLaw(code []byte) []int16 {
	pcm := make([]int16, len(code))
	for i, c := range code {
		const bias = 0x84
		c = ^c
		x := (int(c&0x0F)<<3+bias)<<(c>>4&7) - bias
		if c&0x80 != 0 {
			x = -x
		}
		pcm[i] = int16(x)
	}
	return pcm
}

// ALaw is pcm in G.711 A-law, one byte a sample.
func ALaw(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		x, mask := int(s)>>3, byte(0xD5) // 13 bits
		if x < 0 {
			x, mask = -x-1, 0x55
		}
		segment := 0
		for x>>segment > 0x1F {
			segment++
		}
		// Segments 0 and 1 have steps of the same size.
		out[i] = (byte(segment)<<4 | byte(x>>max(segment, 1))&0x0F) ^ mask
	}
	return out
}

// FromALaw is the samples of G.711 A-law.
func FromALaw(code []byte) []int16 {
	pcm := make([]int16, len(code))
	for i, c := range code {
		c ^= 0x55
		x, segment := int(c&0x0F)<<4+8, c>>4&7
		if segment > 0 {
			x = (x + 0x100) << (segment - 1)
		}
		if c&0x80 == 0 {
			x = -x
		}
		pcm[i] = int16(x)
	}
	return pcm
}
