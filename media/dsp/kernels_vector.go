//go:build amd64 || arm64

package dsp

// whole is how much of n samples the assembly takes; the scalar kernels do the rest.
func whole(n int) int {
	if !vector {
		return 0
	}
	return n &^ 15
}

func accumulate(sum []int32, pcm []int16) {
	n := whole(len(pcm))
	if n > 0 {
		accumulateVector(&sum[0], &pcm[0], n)
	}
	accumulateScalar(sum[n:], pcm[n:])
}

func accumulate32(sum, src []int32) {
	n := whole(len(src))
	if n > 0 {
		accumulate32Vector(&sum[0], &src[0], n)
	}
	accumulate32Scalar(sum[n:], src[n:])
}

func narrow(dst []int16, sum []int32) {
	n := whole(len(dst))
	if n > 0 {
		narrowVector(&dst[0], &sum[0], n)
	}
	narrowScalar(dst[n:], sum[n:])
}

func narrowMinus(dst []int16, sum []int32, own []int16) {
	n := whole(len(dst))
	if n > 0 {
		narrowMinusVector(&dst[0], &sum[0], &own[0], n)
	}
	narrowMinusScalar(dst[n:], sum[n:], own[n:])
}

func mix(dst []int16, sum []int32, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixVector(&dst[0], &sum[0], n, gain)
	}
	mixScalar(dst[n:], sum[n:], gain)
}

func mixMinus(dst []int16, sum []int32, own []int16, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixMinusVector(&dst[0], &sum[0], &own[0], n, gain)
	}
	mixMinusScalar(dst[n:], sum[n:], own[n:], gain)
}

func scale(pcm []int16, gain int32) {
	n := whole(len(pcm))
	if n > 0 {
		scaleVector(&pcm[0], n, gain)
	}
	scaleScalar(pcm[n:], gain)
}

func peak(sum []int32) (lo, hi int32) {
	n := whole(len(sum))
	lo, hi = peakScalar(sum[n:])
	if n > 0 {
		l, h := peakVector(&sum[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func peakMinus(sum []int32, own []int16) (lo, hi int32) {
	n := whole(len(own))
	lo, hi = peakMinusScalar(sum[n:], own[n:])
	if n > 0 {
		l, h := peakMinusVector(&sum[0], &own[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func energy(pcm []int16) uint64 {
	n := whole(len(pcm))
	e := energyScalar(pcm[n:])
	if n > 0 {
		e += energyVector(&pcm[0], n)
	}
	return e
}

func interpolate(dst, buf []int32, f *filter, up int) {
	windows := len(dst) / up
	if !vector || windows == 0 {
		interpolateScalar(dst, buf, f, up)
		return
	}
	_ = buf[windows+lowTaps-2] // the last that is read
	interpolateVector(&dst[0], &buf[0], &f.phases[0], windows, up)
}

func decimate(dst, buf []int32, f *filter, down int) {
	if !vector || len(dst) == 0 {
		decimateScalar(dst, buf, f, down)
		return
	}
	_ = buf[(len(dst)-1+lowTaps)*down-1] // the last that is read
	decimateVector(&dst[0], &buf[0], &f.prototype[0], len(dst), down)
}

//go:noescape
func accumulateVector(sum *int32, pcm *int16, n int)

//go:noescape
func accumulate32Vector(sum, src *int32, n int)

//go:noescape
func narrowVector(dst *int16, sum *int32, n int)

//go:noescape
func narrowMinusVector(dst *int16, sum *int32, own *int16, n int)

//go:noescape
func mixVector(dst *int16, sum *int32, n int, gain int32)

//go:noescape
func mixMinusVector(dst *int16, sum *int32, own *int16, n int, gain int32)

//go:noescape
func scaleVector(pcm *int16, n int, gain int32)

//go:noescape
func peakVector(sum *int32, n int) (lo, hi int32)

//go:noescape
func peakMinusVector(sum *int32, own *int16, n int) (lo, hi int32)

//go:noescape
func energyVector(pcm *int16, n int) uint64

//go:noescape
func interpolateVector(dst, buf *int32, taps *tap, windows, up int)

//go:noescape
func decimateVector(dst, buf *int32, taps *tap, outputs, down int)
