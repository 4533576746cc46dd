package tone

// MuLaw is pcm in G.711 µ-law, one byte a sample, by the arithmetic of ITU-T
// G.711 and not by a table.
func MuLaw(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		const bias, clip = 0x84, 32635
		x, sign := int(s), 0
		if x < 0 {
			x, sign = -x, 0x80
		}
		x = min(x, clip) + bias
		segment := 7
		for mask := 0x4000; segment > 0 && x&mask == 0; mask >>= 1 {
			segment--
		}
		out[i] = ^byte(sign | segment<<4 | x>>(segment+3)&0x0F)
	}
	return out
}
