package dsp

// The scalar kernels. All slices of one call have one length, and gains are in
// 0..MaxGain; mix.go sees to that. Products are 64 bits wide, so nothing
// overflows before the one clip at the end.

const (
	gainShift = 15
	half      = 1 << (gainShift - 1)
	rampShift = 16
)

func accumulate(sum []int32, pcm []int16) {
	sum = sum[:len(pcm)]
	for i, s := range pcm {
		sum[i] += int32(s)
	}
}

func accumulate32(sum, src []int32) {
	sum = sum[:len(src)]
	for i, s := range src {
		sum[i] += s
	}
}

func subtract(sum []int32, pcm []int16) {
	sum = sum[:len(pcm)]
	for i, s := range pcm {
		sum[i] -= int32(s)
	}
}

func narrow(dst []int16, sum []int32) {
	sum = sum[:len(dst)]
	for i := range dst {
		dst[i] = int16(min(max(sum[i], -32768), 32767))
	}
}

func narrowMinus(dst []int16, sum []int32, own []int16) {
	sum, own = sum[:len(dst)], own[:len(dst)]
	for i := range dst {
		dst[i] = int16(min(max(sum[i]-int32(own[i]), -32768), 32767))
	}
}

func mix(dst []int16, sum []int32, gain int32) {
	sum = sum[:len(dst)]
	g := int64(gain)
	for i := range dst {
		dst[i] = clip(round(int64(sum[i]) * g))
	}
}

func mixMinus(dst []int16, sum []int32, own []int16, gain int32) {
	sum, own = sum[:len(dst)], own[:len(dst)]
	g := int64(gain)
	for i := range dst {
		dst[i] = clip(round(int64(sum[i]-int32(own[i])) * g))
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

func peak(sum []int32) int32 {
	var lo, hi int32
	for _, s := range sum {
		lo, hi = min(lo, s), max(hi, s)
	}
	return max(hi, -lo)
}

func peakMinus(sum []int32, own []int16) int32 {
	sum = sum[:len(own)]
	var lo, hi int32
	for i, s := range own {
		v := sum[i] - int32(s)
		lo, hi = min(lo, v), max(hi, v)
	}
	return max(hi, -lo)
}

// energy is the sum of squares.
func energy(pcm []int16) uint64 {
	var e uint64
	for _, s := range pcm {
		e += uint64(int32(s) * int32(s))
	}
	return e
}

// dot is one output of a FIR filter: taps oldest sample first.
func dot(x, taps []int32) int64 {
	x = x[:len(taps)]
	var a, b int64
	i := 0
	for ; i+1 < len(taps); i += 2 {
		a += int64(x[i]) * int64(taps[i])
		b += int64(x[i+1]) * int64(taps[i+1])
	}
	if i < len(taps) {
		a += int64(x[i]) * int64(taps[i])
	}
	return a + b
}

// dotPhase is dot for one phase of an interpolating filter.
func dotPhase(x, taps *[lowTaps]int32) int64 {
	var a, b int64
	for i := 0; i < lowTaps; i += 2 {
		a += int64(x[i]) * int64(taps[i])
		b += int64(x[i+1]) * int64(taps[i+1])
	}
	return a + b
}

func round(v int64) int64 { return (v + half) >> gainShift }

func clip(v int64) int16 { return int16(min(max(v, -32768), 32767)) }
