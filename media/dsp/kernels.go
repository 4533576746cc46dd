package dsp

// The scalar kernels: what every machine can do, and what those in assembly are held
// against, bit for bit. All slices of one call have one length, and gains are in
// 0..MaxGain; mix.go sees to that. Products are 64 bits wide, so nothing overflows
// before the one clip at the end.

const (
	gainShift = 15
	half      = 1 << (gainShift - 1)
	rampShift = 16
)

func accumulateScalar(sum []int32, pcm []int16) {
	sum = sum[:len(pcm)]
	for i, s := range pcm {
		sum[i] += int32(s)
	}
}

func accumulate32Scalar(sum, src []int32) {
	sum = sum[:len(src)]
	for i, s := range src {
		sum[i] += s
	}
}

func narrowScalar(dst []int16, sum []int32) {
	sum = sum[:len(dst)]
	for i := range dst {
		dst[i] = int16(min(max(sum[i], -32768), 32767))
	}
}

func narrowMinusScalar(dst []int16, sum []int32, own []int16) {
	sum, own = sum[:len(dst)], own[:len(dst)]
	for i := range dst {
		dst[i] = int16(min(max(sum[i]-int32(own[i]), -32768), 32767))
	}
}

func mixScalar(dst []int16, sum []int32, gain int32) {
	sum = sum[:len(dst)]
	g := int64(gain)
	for i := range dst {
		dst[i] = clip(round(int64(sum[i]) * g))
	}
}

func mixMinusScalar(dst []int16, sum []int32, own []int16, gain int32) {
	sum, own = sum[:len(dst)], own[:len(dst)]
	g := int64(gain)
	for i := range dst {
		dst[i] = clip(round(int64(sum[i]-int32(own[i])) * g))
	}
}

func scaleScalar(pcm []int16, gain int32) {
	g := int64(gain)
	for i, v := range pcm {
		pcm[i] = clip(round(int64(v) * g))
	}
}

func mixRamp(dst []int16, sum []int32, gain, step int64) {
	sum = sum[:len(dst)]
	for i := range dst {
		gain += step
		dst[i] = clip(round(int64(sum[i]) * (gain >> rampShift)))
	}
}

func mixMinusRamp(dst []int16, sum []int32, own []int16, gain, step int64) {
	sum, own = sum[:len(dst)], own[:len(dst)]
	for i := range dst {
		gain += step
		dst[i] = clip(round(int64(sum[i]-int32(own[i])) * (gain >> rampShift)))
	}
}

// peakScalar gives the least and the largest, and 0 among them.
func peakScalar(sum []int32) (lo, hi int32) {
	for _, s := range sum {
		lo, hi = min(lo, s), max(hi, s)
	}
	return lo, hi
}

func peakMinusScalar(sum []int32, own []int16) (lo, hi int32) {
	sum = sum[:len(own)]
	for i, s := range own {
		v := sum[i] - int32(s)
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

// energyScalar is the sum of squares.
func energyScalar(pcm []int16) uint64 {
	var e uint64
	for _, s := range pcm {
		e += uint64(int32(s) * int32(s))
	}
	return e
}

// interpolateScalar makes up outputs from each window of lowTaps samples of buf.
func interpolateScalar(dst, buf []int32, f *filter, up int) {
	var sum, diff [lowTaps / 2]int64
	for i := 0; len(dst) >= up; i++ {
		window := (*[lowTaps]int32)(buf[i:])
		for k := range sum {
			a, b := int64(window[k]), int64(window[lowTaps-1-k])
			sum[k], diff[k] = a+b, a-b
		}
		for p := range f.pairs {
			s, d := dot(&sum, &f.pairs[p].sum), dot(&diff, &f.pairs[p].diff)
			dst[p] = fromTaps(s+d, tapShift+1)
			dst[up-1-p] = fromTaps(s-d, tapShift+1)
		}
		if f.odd {
			dst[up/2] = fromTaps(dot(&sum, &f.middle), tapShift)
		}
		dst = dst[up:]
	}
}

// dot is unrolled: as a loop it takes twice the time.
func dot(x, h *[lowTaps / 2]int64) int64 {
	return x[0]*h[0] + x[1]*h[1] + x[2]*h[2] + x[3]*h[3] +
		x[4]*h[4] + x[5]*h[5] + x[6]*h[6] + x[7]*h[7] +
		x[8]*h[8] + x[9]*h[9] + x[10]*h[10] + x[11]*h[11]
}

// decimateScalar makes one output from each 24·len(taps) samples of buf, down apart.
func decimateScalar(dst, buf []int32, f *filter, down int) {
	taps := f.down
	const block = lowTaps / 2
	var sum [block]int64
	for i := range dst {
		window := buf[i*down:][:2*block*len(taps)]
		var acc int64
		for g := range taps {
			older, newer := (*[block]int32)(window[g*block:]), (*[block]int32)(window[len(window)-(g+1)*block:])
			for k := range sum {
				sum[k] = int64(older[k]) + int64(newer[block-1-k])
			}
			acc += dot(&sum, &taps[g])
		}
		dst[i] = fromTaps(acc, tapShift)
	}
}

func fromTaps(acc int64, shift uint) int32 {
	return int32((acc + 1<<(shift-1)) >> shift)
}

func round(v int64) int64 { return (v + half) >> gainShift }

func clip(v int64) int16 { return int16(min(max(v, -32768), 32767)) }
