package dsp

import (
	"fmt"
	"math"
)

const (
	// clipZeros is how many zero crossings of the sinc lie on either side.
	clipZeros = 32
	// clipBeta gives 80 dB of stop band.
	clipBeta = 7.86
	// clipCutoff is the −6 dB point relative to half of the lower rate.
	clipCutoff = 0.94
	// maxClipTable bounds the coefficients that an awkward pair of rates needs.
	maxClipTable = 1 << 22
	maxClipRate  = 192000
)

// ResampleClip changes the rate of a whole clip, from and to in Hz, 1..192000, by
// any ratio whose filter fits 4 Mi coefficients. The result has no delay and
// holds ceil(len(pcm)·to/from) samples. It is for files, not for streams.
func ResampleClip(pcm []int16, from, to int) ([]int16, error) {
	if from <= 0 || to <= 0 || from > maxClipRate || to > maxClipRate {
		return nil, fmt.Errorf("dsp: cannot resample from %d to %d Hz", from, to)
	}
	if from == to {
		return append([]int16(nil), pcm...), nil
	}
	divisor := gcd(from, to)
	up, down := to/divisor, from/divisor
	reach := int(math.Ceil(clipZeros * max(1, float64(from)/float64(to))))
	taps := 2 * reach
	if up*taps > maxClipTable {
		return nil, fmt.Errorf("dsp: rates %d and %d Hz have no small common ratio", from, to)
	}
	table := clipTable(up, reach, clipCutoff*min(1, float64(to)/float64(from)))

	out := make([]int16, (len(pcm)*up+down-1)/down)
	for n := range out {
		at, phase := n*down/up, n*down%up
		h := table[phase*taps : (phase+1)*taps]
		first := at - reach + 1
		lo, hi := max(0, -first), min(taps, len(pcm)-first)
		var acc float32
		for k := lo; k < hi; k++ {
			acc += float32(pcm[first+k]) * h[k]
		}
		out[n] = clip(int64(math.Round(float64(acc))))
	}
	return out, nil
}

// clipTable holds 2·reach taps for each of up positions between two samples.
func clipTable(up, reach int, cutoff float64) []float32 {
	taps := 2 * reach
	table := make([]float32, up*taps)
	for phase := range up {
		h := table[phase*taps : (phase+1)*taps]
		var sum float64
		for k := range h {
			t := float64(k-reach+1) - float64(phase)/float64(up)
			v := cutoff * sinc(cutoff*t) * kaiser(t/float64(reach), clipBeta)
			h[k] = float32(v)
			sum += v
		}
		for k := range h {
			h[k] /= float32(sum)
		}
	}
	return table
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
