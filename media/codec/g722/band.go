package g722

// Quantiser step sizes after reset.
const (
	resetLower = 32
	resetUpper = 8
)

// band is the adaptive quantiser and predictor of one sub-band.
type band struct {
	det int32 // quantiser step (DETL, DETH)
	nb  int32 // its logarithm (NBL, NBH)

	s  int32    // predicted sample (SL, SH)
	sz int32    // its part from the zeros
	a  [2]int32 // pole coefficients
	r  [2]int32 // reconstructed samples, newest first
	p  [2]int32 // partially reconstructed samples
	b  [6]int32 // zero coefficients
	d  [6]int32 // quantised differences
}

// encodeLower gives the 6-bit code of one sample (figure 4).
func (s *band) encodeLower(x int32) int32 {
	e := saturate(x - s.s)
	il := quantizeLower(e, s.det)
	s.adaptLower(il)
	return il
}

// decodeLower gives the sample of one 6-bit code (figure 5, mode 1).
func (s *band) decodeLower(il int32) int32 {
	y := limit(s.s + s.det*inverse6[il]>>15) // INVQBL, RECONS, LIMIT
	s.adaptLower(il)
	return y
}

// encodeUpper gives the 2-bit code of one sample.
func (s *band) encodeUpper(x int32) int32 {
	e := saturate(x - s.s)
	ih := quantizeUpper(e, s.det)
	s.adaptUpper(ih)
	return ih
}

// decodeUpper gives the sample of one 2-bit code.
func (s *band) decodeUpper(ih int32) int32 {
	y := limit(s.s + s.det*inverse2[ih]>>15)
	s.adaptUpper(ih)
	return y
}

// adaptLower follows a code, whichever side it is on. The lower band adapts to the
// code's upper four bits only, so that modes 2 and 3 may steal the others.
func (s *band) adaptLower(il int32) {
	ril := il >> 2 & 15
	dlt := s.det * inverse4[ril] >> 15                           // INVQAL
	s.nb = min(max(s.nb*127>>7+logStepLower[ril], 0), mostLower) // LOGSCL
	s.det = stepsLower[s.nb>>6]                                  // SCALEL
	s.predict(dlt)
}

func (s *band) adaptUpper(ih int32) {
	ih &= 3
	dh := s.det * inverse2[ih] >> 15                            // INVQAH
	s.nb = min(max(s.nb*127>>7+logStepUpper[ih], 0), mostUpper) // LOGSCH
	s.det = stepsUpper[s.nb>>6]                                 // SCALEH
	s.predict(dh)
}

// The largest logarithms of a step, and the steps of all (SCALEL, SCALEH).
const (
	mostLower = 18432
	mostUpper = 22528
)

var (
	stepsLower = [mostLower>>6 + 1]int32(scales(8, mostLower))
	stepsUpper = [mostUpper>>6 + 1]int32(scales(10, mostUpper))
)

func scales(bias, most int32) []int32 {
	steps := make([]int32, most>>6+1)
	for i := range steps {
		steps[i] = scale(int32(i)<<6, bias)
	}
	return steps
}

// scale turns a logarithmic step into a linear one.
func scale(nb, bias int32) int32 {
	mantissa := exponential[nb>>6&31]
	shift := bias - nb>>11
	if shift >= 0 {
		return mantissa >> shift << 2
	}
	return mantissa << -shift << 2
}

// predict takes one quantised difference, of 15 bits at most, and predicts the next
// sample.
func (s *band) predict(d int32) {
	r := saturate(s.s + d)  // RECONS
	p := saturate(s.sz + d) // PARREC
	s.adaptPoles(p)
	before := s.r[0]
	s.r[1], s.r[0] = before, r // DELAYA
	s.p[1], s.p[0] = s.p[0], p
	s.sz = s.zeros(d)
	sp := s.a[0]*saturate(2*r)>>15 + s.a[1]*saturate(2*before)>>15 // FILTEP
	s.s = saturate(saturate(sp) + s.sz)                            // PREDIC
}

// adaptPoles is UPPOL2 and UPPOL1.
func (s *band) adaptPoles(p int32) {
	differ1, differ2 := sign(p^s.p[0]), sign(p^s.p[1])
	same1 := ^differ1

	a2 := saturate(4 * s.a[0])
	a2 = min(a2^same1-same1, 32767) >> 7 // −a2 where the signs are the same
	a2 += 128 ^ differ2 - differ2
	a2 += s.a[1] * 32512 >> 15
	a2 = min(max(a2, -12288), 12288)

	a1 := s.a[0]*32640>>15 + (192 ^ differ1 - differ1)
	bound := 15360 - a2
	s.a[0] = min(max(a1, -bound), bound)
	s.a[1] = a2
}

// zeros is UPZERO, DELAYA of the differences, and FILTEZ in one pass: each
// coefficient follows the sign of the difference it was used with, and then weighs
// the one before it. With differences of 15 bits no coefficient and no doubled
// difference overflows.
func (s *band) zeros(d int32) int32 {
	step := (d | -d) >> 31 & 128 // 0 where there is no difference
	d0, d1, d2, d3, d4, d5 := s.d[0], s.d[1], s.d[2], s.d[3], s.d[4], s.d[5]
	b0 := s.b[0]*32640>>15 + along(step, d^d0)
	b1 := s.b[1]*32640>>15 + along(step, d^d1)
	b2 := s.b[2]*32640>>15 + along(step, d^d2)
	b3 := s.b[3]*32640>>15 + along(step, d^d3)
	b4 := s.b[4]*32640>>15 + along(step, d^d4)
	b5 := s.b[5]*32640>>15 + along(step, d^d5)
	// One by one: arrays would be put together first, and copied in larger pieces, for
	// which the processor waits.
	s.b[0], s.b[1], s.b[2], s.b[3], s.b[4], s.b[5] = b0, b1, b2, b3, b4, b5
	s.d[0], s.d[1], s.d[2], s.d[3], s.d[4], s.d[5] = d, d0, d1, d2, d3, d4
	// Sums of three and three, as they do not wait for each other.
	return saturate((b0*(2*d)>>15 + b1*(2*d0)>>15 + b2*(2*d1)>>15) + (b3*(2*d2)>>15 + b4*(2*d3)>>15 + b5*(2*d4)>>15))
}

// along is a step, downwards where the signs differ.
func along(step, signs int32) int32 {
	differ := sign(signs)
	return step ^ differ - differ
}

// sign is 0 for what is not negative, −1 otherwise.
func sign(v int32) int32 { return v >> 31 }

func saturate(v int32) int32 { return min(max(v, -32768), 32767) }

// limit is LIMIT: the decoders' output has 15 bits.
func limit(v int32) int32 { return min(max(v, -16384), 16383) }
