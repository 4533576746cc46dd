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
	ril := il >> 2
	dlt := s.det * inverse4[ril] >> 15                       // INVQAL
	s.nb = min(max(s.nb*127>>7+logStepLower[ril], 0), 18432) // LOGSCL
	s.det = scale(s.nb, 8)                                   // SCALEL
	s.predict(dlt)
}

func (s *band) adaptUpper(ih int32) {
	dh := s.det * inverse2[ih] >> 15                        // INVQAH
	s.nb = min(max(s.nb*127>>7+logStepUpper[ih], 0), 22528) // LOGSCH
	s.det = scale(s.nb, 10)                                 // SCALEH
	s.predict(dh)
}

// scale turns a logarithmic step into a linear one (SCALEL, SCALEH).
func scale(nb, bias int32) int32 {
	mantissa := exponential[nb>>6&31]
	shift := bias - nb>>11
	if shift >= 0 {
		return mantissa >> shift << 2
	}
	return mantissa << -shift << 2
}

// predict takes one quantised difference and predicts the next sample.
func (s *band) predict(d int32) {
	r := saturate(s.s + d)  // RECONS
	p := saturate(s.sz + d) // PARREC
	s.adaptPoles(p)
	s.r[1], s.r[0] = s.r[0], r // DELAYA
	s.p[1], s.p[0] = s.p[0], p
	s.sz = s.zeros(d)
	sp := s.a[0]*saturate(2*s.r[0])>>15 + s.a[1]*saturate(2*s.r[1])>>15 // FILTEP
	s.s = saturate(saturate(sp) + s.sz)                                 // PREDIC
}

// adaptPoles is UPPOL2 and UPPOL1.
func (s *band) adaptPoles(p int32) {
	same1, same2 := sign(p) == sign(s.p[0]), sign(p) == sign(s.p[1])

	a2 := saturate(4 * s.a[0])
	if same1 {
		a2 = min(-a2, 32767)
	}
	a2 >>= 7
	if same2 {
		a2 += 128
	} else {
		a2 -= 128
	}
	a2 += s.a[1] * 32512 >> 15
	a2 = min(max(a2, -12288), 12288)

	a1 := s.a[0] * 32640 >> 15
	if same1 {
		a1 += 192
	} else {
		a1 -= 192
	}
	bound := saturate(15360 - a2)
	s.a[0] = min(max(a1, -bound), bound)
	s.a[1] = a2
}

// zeros is UPZERO, DELAYA of the differences, and FILTEZ in one pass: each
// coefficient follows the sign of the difference it was used with, and then weighs
// the one before it.
func (s *band) zeros(d int32) int32 {
	var step, sum int32
	if d != 0 {
		step = 128
	}
	newer := d
	for i := range s.b {
		old := s.d[i]
		differ := sign(d ^ old)
		b := saturate(s.b[i]*32640>>15 + (step ^ differ - differ))
		sum += b * saturate(2*newer) >> 15
		s.b[i], s.d[i] = b, newer
		newer = old
	}
	return saturate(sum)
}

// sign is 0 for what is not negative, −1 otherwise.
func sign(v int32) int32 { return v >> 31 }

func saturate(v int32) int32 { return min(max(v, -32768), 32767) }

// limit is LIMIT: the decoders' output has 15 bits.
func limit(v int32) int32 { return min(max(v, -16384), 16383) }
