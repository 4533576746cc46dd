// Package dsp holds the arithmetic of the mixer: sums and mix-minus, levels, a
// limiter, voice activity and resampling between 8, 16, 24 and 48 kHz. Nothing
// in it allocates after construction, locks, or starts a goroutine.
//
// Sums are []int32 at full scale of int16: 65,536 legs fit without overflow.
// Gains are Q15: Unity is 1.0. Kernels check lengths once and then run over
// slices of one length: in assembly on amd64 with AVX2 and on arm64, in Go
// elsewhere, with the same result to the last bit.
package dsp

// Unity is the gain 1.0 in Q15. Gains lie in 0..MaxGain.
const Unity = 1 << 15

// MaxGain is the largest gain a kernel takes, 16.0 (24 dB).
const MaxGain = 16 * Unity

// rampDivisor: a gain changes over the first quarter of a frame, 5 ms of 20, so
// that most of the frame already has the new gain.
const rampDivisor = 4

// Accumulate adds pcm to sum. sum is at least as long.
func Accumulate(sum []int32, pcm []int16) {
	accumulate(sum[:len(pcm)], pcm)
}

// Accumulate32 adds src to sum: one rate's sum, resampled, into another's.
func Accumulate32(sum, src []int32) {
	accumulate32(sum[:len(src)], src)
}

// Mix writes clip(gain·sum) into dst. sum is at least as long as dst.
func Mix(dst []int16, sum []int32, gain int32) {
	if gain == Unity {
		narrow(dst, sum[:len(dst)])
		return
	}
	mix(dst, sum[:len(dst)], gain)
}

// MixMinus writes clip(gain·(sum−own)) into dst: what a talker hears, without its
// own voice. own is what was accumulated for this talker; sum and own are at
// least as long as dst. At Unity the result is exact wherever nothing clips.
func MixMinus(dst []int16, sum []int32, own []int16, gain int32) {
	n := len(dst)
	if gain == Unity {
		narrowMinus(dst, sum[:n], own[:n])
		return
	}
	mixMinus(dst, sum[:n], own[:n], gain)
}

// MixRamp is MixMinus with a gain that goes linearly from one value to another
// over the first quarter of dst and then stays. own may be nil: then it is Mix.
func MixRamp(dst []int16, sum []int32, own []int16, from, to int32) {
	n := len(dst)
	sum = sum[:n]
	if from == to {
		if own == nil {
			Mix(dst, sum, to)
		} else {
			MixMinus(dst, sum, own, to)
		}
		return
	}
	ramp := n / rampDivisor
	gain, step := gainRamp(from, to, ramp)
	if own == nil {
		mixRamp(dst[:ramp], sum[:ramp], gain, step)
		Mix(dst[ramp:], sum[ramp:], to)
		return
	}
	own = own[:n]
	mixMinusRamp(dst[:ramp], sum[:ramp], own[:ramp], gain, step)
	MixMinus(dst[ramp:], sum[ramp:], own[ramp:], to)
}

// Widen copies pcm into dst, which is at least as long.
func Widen(dst []int32, pcm []int16) {
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = int32(s)
	}
}

// Peak is the largest magnitude in sum; 0 of nothing.
func Peak(sum []int32) int32 {
	lo, hi := peak(sum)
	return max(hi, -lo)
}

// PeakMinus is the largest magnitude of sum−own: the peak that one talker would
// hear. sum is at least as long as own.
func PeakMinus(sum []int32, own []int16) int32 {
	lo, hi := peakMinus(sum[:len(own)], own)
	return max(hi, -lo)
}

// gainRamp is the first gain of a ramp of n samples, one step early, and the
// step; both have rampShift more fractional bits than a gain.
func gainRamp(from, to int32, n int) (gain, step int64) {
	gain = int64(from) << rampShift
	return gain, (int64(to)<<rampShift - gain) / int64(max(n, 1))
}
