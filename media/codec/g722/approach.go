package g722

import "github.com/skygenesisenterprise/skybridge/media"

// approachFrames is how many frames an approach goes on before it grows bolder, and
// approachMost how often it does. Measured on speech: three quarters of all pairs of
// encoders agree to the last bit within a second, at 2 to 8 dB more noise of the quantiser
// meanwhile.
const (
	approachFrames = 40
	approachMost   = 5
)

// Approach implements media.ApproachingEncoder. Decoders of two streams whose codes are the
// same come to the same state, since their predictors leak; encoders of the same PCM do not
// by themselves, since each takes the codes that suit its own state. So where the other's
// code is hardly worse here, it is taken.
func (e *Encoder) Approach(dst []byte, pcm []int16, to media.Encoder, payload []byte, frame int) (int, media.Approached, error) {
	o, ok := to.(*Encoder)
	n := len(pcm) / 2
	if !ok || len(payload) != n {
		n, err := e.Encode(dst, pcm)
		return n, media.Apart, err
	}
	switch {
	case len(pcm)%2 != 0:
		return 0, media.Apart, errOdd
	case len(dst) < n:
		return 0, media.Apart, errTooShort
	}
	bold := min(frame/approachFrames, approachMost)
	alike := true
	var x bands
	for dst := dst[:n]; len(dst) > 0; {
		now := min(len(dst), block)
		e.split.analyse(&x, pcm[:2*now])
		for i, code := range payload[:now] {
			dst[i] = byte(e.upper.approachUpper(x.upper[i], int32(code>>6), max(4-bold, 0))<<6 |
				e.lower.approachLower(x.lower[i], int32(code&0x3f), 6-bold))
			alike = alike && dst[i] == code
		}
		dst, pcm, payload = dst[now:], pcm[2*now:], payload[now:]
	}
	switch {
	case *e == *o:
		return n, media.Same, nil
	case alike:
		return n, media.Alike, nil
	}
	return n, media.Apart, nil
}

// approachLower is encodeLower with another encoder's code, where that misses the sample by
// at most a fraction of the quantiser's step, 2^−shift, more than the best one.
func (s *band) approachLower(x, other int32, shift int) int32 {
	il := quantizeLower(saturate(x-s.s), s.det)
	if miss(x, s.s, s.det, inverse6[other]) <= miss(x, s.s, s.det, inverse6[il])+s.det>>shift {
		il = other
	}
	s.adaptLower(il)
	return il
}

func (s *band) approachUpper(x, other int32, shift int) int32 {
	ih := quantizeUpper(saturate(x-s.s), s.det)
	if miss(x, s.s, s.det, inverse2[other]) <= miss(x, s.s, s.det, inverse2[ih])+s.det>>shift {
		ih = other
	}
	s.adaptUpper(ih)
	return ih
}

// miss is how far from a sample a code is that stands for a difference of level steps.
func miss(x, predicted, det, level int32) int32 {
	d := x - predicted - det*level>>15
	return max(d, -d)
}
