package dsp

import "golang.org/x/sys/cpu"

// avx2 tells whether the processor has what kernels_amd64.s is written for.
var avx2 = cpu.X86.HasAVX2

// tap is what the assembly's filters are made of: it multiplies 64-bit lanes.
type tap = int64

// whole is how much of n samples the assembly takes; the scalar kernels do the rest.
func whole(n int) int {
	if !avx2 {
		return 0
	}
	return n &^ 15
}

func accumulate(sum []int32, pcm []int16) {
	n := whole(len(pcm))
	if n > 0 {
		accumulateAVX2(&sum[0], &pcm[0], n)
	}
	accumulateScalar(sum[n:], pcm[n:])
}

func accumulate32(sum, src []int32) {
	n := whole(len(src))
	if n > 0 {
		accumulate32AVX2(&sum[0], &src[0], n)
	}
	accumulate32Scalar(sum[n:], src[n:])
}

func narrow(dst []int16, sum []int32) {
	n := whole(len(dst))
	if n > 0 {
		narrowAVX2(&dst[0], &sum[0], n)
	}
	narrowScalar(dst[n:], sum[n:])
}

func narrowMinus(dst []int16, sum []int32, own []int16) {
	n := whole(len(dst))
	if n > 0 {
		narrowMinusAVX2(&dst[0], &sum[0], &own[0], n)
	}
	narrowMinusScalar(dst[n:], sum[n:], own[n:])
}

func mix(dst []int16, sum []int32, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixAVX2(&dst[0], &sum[0], n, gain)
	}
	mixScalar(dst[n:], sum[n:], gain)
}

func mixMinus(dst []int16, sum []int32, own []int16, gain int32) {
	n := whole(len(dst))
	if n > 0 {
		mixMinusAVX2(&dst[0], &sum[0], &own[0], n, gain)
	}
	mixMinusScalar(dst[n:], sum[n:], own[n:], gain)
}

func scale(pcm []int16, gain int32) {
	n := whole(len(pcm))
	if n > 0 {
		scaleAVX2(&pcm[0], n, gain)
	}
	scaleScalar(pcm[n:], gain)
}

func peak(sum []int32) (lo, hi int32) {
	n := whole(len(sum))
	lo, hi = peakScalar(sum[n:])
	if n > 0 {
		l, h := peakAVX2(&sum[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func peakMinus(sum []int32, own []int16) (lo, hi int32) {
	n := whole(len(own))
	lo, hi = peakMinusScalar(sum[n:], own[n:])
	if n > 0 {
		l, h := peakMinusAVX2(&sum[0], &own[0], n)
		lo, hi = min(lo, l), max(hi, h)
	}
	return lo, hi
}

func energy(pcm []int16) uint64 {
	n := whole(len(pcm))
	e := energyScalar(pcm[n:])
	if n > 0 {
		e += energyAVX2(&pcm[0], n)
	}
	return e
}

func interpolate(dst, buf []int32, f *filter, up int) {
	windows := len(dst) / up
	if !avx2 || windows == 0 {
		interpolateScalar(dst, buf, f, up)
		return
	}
	_ = buf[windows+lowTaps-2] // the last that is read
	interpolateAVX2(&dst[0], &buf[0], &f.phases[0], windows, up)
}

func decimate(dst, buf []int32, f *filter, down int) {
	if !avx2 || len(dst) == 0 {
		decimateScalar(dst, buf, f, down)
		return
	}
	_ = buf[(len(dst)-1+lowTaps)*down-1] // the last that is read
	decimateAVX2(&dst[0], &buf[0], &f.prototype[0], len(dst), down)
}

//go:noescape
func accumulateAVX2(sum *int32, pcm *int16, n int)

//go:noescape
func accumulate32AVX2(sum, src *int32, n int)

//go:noescape
func narrowAVX2(dst *int16, sum *int32, n int)

//go:noescape
func narrowMinusAVX2(dst *int16, sum *int32, own *int16, n int)

//go:noescape
func mixAVX2(dst *int16, sum *int32, n int, gain int32)

//go:noescape
func mixMinusAVX2(dst *int16, sum *int32, own *int16, n int, gain int32)

//go:noescape
func scaleAVX2(pcm *int16, n int, gain int32)

//go:noescape
func peakAVX2(sum *int32, n int) (lo, hi int32)

//go:noescape
func peakMinusAVX2(sum *int32, own *int16, n int) (lo, hi int32)

//go:noescape
func energyAVX2(pcm *int16, n int) uint64

//go:noescape
func interpolateAVX2(dst, buf *int32, taps *int64, windows, up int)

//go:noescape
func decimateAVX2(dst, buf *int32, taps *int64, outputs, down int)
