package g711

import "math/bits"

var (
	muLawEncode = makeMuLawEncode()
	aLawEncode  = makeALawEncode()
	muLawDecode = makeMuLawDecode()
	aLawDecode  = makeALawDecode()
	muLawEnergy = makeEnergy(&muLawDecode)
	aLawEnergy  = makeEnergy(&aLawDecode)
)

// EncodeMuLaw compands len(pcm) samples into dst, which is at least as long.
func EncodeMuLaw(dst []byte, pcm []int16) {
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = muLawEncode[uint16(s)>>2]
	}
}

// EncodeALaw compands len(pcm) samples into dst, which is at least as long.
func EncodeALaw(dst []byte, pcm []int16) {
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = aLawEncode[uint16(s)>>4]
	}
}

// MuLawSample is the linear value of one µ-law byte.
func MuLawSample(b byte) int16 { return muLawDecode[b] }

// ALawSample is the linear value of one A-law byte.
func ALawSample(b byte) int16 { return aLawDecode[b] }

// makeMuLawEncode follows G.711 table 2: on the 13-bit magnitude with bias 33,
// segment s holds values of 6+s bits, and the four bits after the leading one are
// the step. Codes are sent inverted. Negative magnitudes are one's complement,
// as in the ITU's software library (G.191).
func makeMuLawEncode() (table [1 << 14]byte) {
	for i := range table {
		v, sign := i, byte(0x80) // inverted: positive has the bit set
		if i >= 1<<13 {
			v, sign = 1<<14-1-i, 0
		}
		v = min(v+33, 1<<13-1)
		segment := bits.Len(uint(v)) - 6
		step := v >> (segment + 1) & 0x0f
		table[i] = sign | ^byte(segment<<4|step)&0x7f
	}
	return table
}

// makeALawEncode follows G.711 table 1: on the 11-bit magnitude (steps of two
// 13-bit units), segments 0 and 1 are linear, each later one doubles the step.
// Even bits are sent inverted.
func makeALawEncode() (table [1 << 12]byte) {
	for i := range table {
		v, sign := i, byte(0x80)
		if i >= 1<<11 {
			v, sign = 1<<12-1-i, 0
		}
		segment := max(bits.Len(uint(v))-4, 0)
		step := v >> max(segment-1, 0) & 0x0f
		table[i] = (sign | byte(segment<<4|step)) ^ 0x55
	}
	return table
}

// makeMuLawDecode gives the values y of G.711 table 2, in 16-bit units.
func makeMuLawDecode() (table [256]int16) {
	for i := range table {
		code := ^byte(i)
		segment, step := code>>4&7, int(code&0x0f)
		v := ((2*step+33)<<segment - 33) << 2
		if code&0x80 != 0 {
			v = -v
		}
		table[i] = int16(v)
	}
	return table
}

// makeALawDecode gives the values y of G.711 table 1, in 16-bit units.
func makeALawDecode() (table [256]int16) {
	for i := range table {
		code := byte(i) ^ 0x55
		segment, step := int(code>>4&7), int(code&0x0f)
		v := 2*step + 1
		if segment > 0 {
			v = (v + 32) << (segment - 1)
		}
		v <<= 3
		if code&0x80 == 0 {
			v = -v
		}
		table[i] = int16(v)
	}
	return table
}

// makeEnergy gives the square of each value.
func makeEnergy(decode *[256]int16) (table [256]uint32) {
	for i, v := range decode {
		table[i] = uint32(int32(v) * int32(v))
	}
	return table
}
