package dsp

// tap is what the assembly's filters are made of.
type tap = int32

// whole is how much of n samples the assembly takes; the scalar kernels do the rest.
// Every arm64 has NEON.
func whole(n int) int { return n &^ 15 }

func accumulate(sum []int32, pcm []int16) {
	n := whole(len(pcm))
	if n > 0 {
		accumulateNEON(&sum[0], &pcm[0], n)
	}
	accumulateScalar(sum[n:], pcm[n:])
}

func accumulate32(sum, src []int32) {
	n := whole(len(src))
	if n > 0 {
		accumulate32NEON(&sum[0], &src[0], n)
	}
	accumulate32Scalar(sum[n:], src[n:])
}

func narrow(dst []int16, sum []int32) {
	n := whole(len(dst))
	if n > 0 {
		narrowNEON(&dst[0], &sum[0], n)
	}
	narrowScalar(dst[n:], sum[n:])
}

func narrowMinus(dst []int16, sum []int32, own []int16) {
	n := whole(len(dst))
	if n > 0 {
		narrowMinusNEON(&dst[0], &sum[0], &own[0], n)
	}
	narrowMinusScalar(dst[n:], sum[n:], own[n:])
}

func mix(dst []int16, sum []int32, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixNEON(&dst[0], &sum[0], n, gain)
	}
	mixScalar(dst[n:], sum[n:], gain)
}

func mixMinus(dst []int16, sum []int32, own []int16, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixMinusNEON(&dst[0], &sum[0], &own[0], n, gain)
	}
	mixMinusScalar(dst[n:], sum[n:], own[n:], gain)
}

func scale(pcm []int16, gain int32) {
	n := whole(len(pcm))
	if n > 0 {
		scaleNEON(&pcm[0], n, gain)
	}
	scaleScalar(pcm[n:], gain)
}

func peak(sum []int32) (lo, hi int32) {
	n := whole(len(sum))
	lo, hi = peakScalar(sum[n:])
	if n > 0 {
		l, h := peakNEON(&sum[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func peakMinus(sum []int32, own []int16) (lo, hi int32) {
	n := whole(len(own))
	lo, hi = peakMinusScalar(sum[n:], own[n:])
	if n > 0 {
		l, h := peakMinusNEON(&sum[0], &own[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func energy(pcm []int16) uint64 {
	n := whole(len(pcm))
	e := energyScalar(pcm[n:])
	if n > 0 {
		e += energyNEON(&pcm[0], n)
	}
	return e
}

func interpolate(dst, buf []int32, f *filter, up int) {
	windows := len(dst) / up
	if windows == 0 {
		return
	}
	_ = buf[windows+lowTaps-2] // the last that is read
	interpolateNEON(&dst[0], &buf[0], &f.phases[0], windows, up)
}

func decimate(dst, buf []int32, f *filter, down int) {
	if len(dst) == 0 {
		return
	}
	_ = buf[(len(dst)-1+lowTaps)*down-1] // the last that is read
	decimateNEON(&dst[0], &buf[0], &f.prototype[0], len(dst), down)
}

//go:noescape
func accumulateNEON(sum *int32, pcm *int16, n int)

//go:noescape
func accumulate32NEON(sum, src *int32, n int)

//go:noescape
func narrowNEON(dst *int16, sum *int32, n int)

//go:noescape
func narrowMinusNEON(dst *int16, sum *int32, own *int16, n int)

//go:noescape
func mixNEON(dst *int16, sum *int32, n int, gain int32)

//go:noescape
func mixMinusNEON(dst *int16, sum *int32, own *int16, n int, gain int32)

//go:noescape
func scaleNEON(pcm *int16, n int, gain int32)

//go:noescape
func peakNEON(sum *int32, n int) (lo, hi int32)

//go:noescape
func peakMinusNEON(sum *int32, own *int16, n int) (lo, hi int32)

//go:noescape
func energyNEON(pcm *int16, n int) uint64

//go:noescape
func interpolateNEON(dst, buf, taps *int32, windows, up int)

//go:noescape
func decimateNEON(dst, buf, taps *int32, outputs, down int)
