// Package stretch makes speech a little shorter or longer without changing its pitch:
// it leaves out, or repeats, a stretch after which the signal goes on as it did before
// it, which in a voice is one or a few of its periods, and blends over the seam.
//
// That is WSOLA with one seam (W. Verhelst, M. Roelands, An Overlap-Add Technique Based
// on Waveform Similarity for High Quality Time-Scale Modification of Speech, ICASSP
// 1993). Nothing is kept between calls. The package starts no goroutine and allocates
// nothing.
package stretch

import "math"

// Lengths, as parts of a second.
const (
	minLag = 400 // 2.5 ms: 400 Hz
	maxLag = 66  // 15 ms: 66 Hz
	blend  = 200 // 5 ms
	// coarse is the rate at which the search begins, Hz.
	coarse = 8000
)

const (
	// alike is how similar both sides of a seam must be, by their normalised
	// correlation, not to be heard.
	alike = 0.75
	// hush is the mean square of what may be cut anywhere: −58 dBov.
	hush = 40 * 40
)

// Longest is the most that one call changes the length by, in samples at rate Hz.
func Longest(rate int) int { return rate / maxLag }

// Shortest is the least that one call changes the length by, in samples at rate Hz.
func Shortest(rate int) int { return rate / minLag }

// Shorten leaves out up to most samples, in place, and returns how many it left out; 0
// when no place is good enough, unless it must. pcm, at rate Hz, begins where what was
// played before ended, and its end stays as it is: 20 ms are enough, 40 ms find lower
// voices. Nothing shorter than Shortest is left out.
func Shorten(pcm []int16, rate, most int, must bool) int {
	lag := find(pcm, rate, most, must)
	if lag == 0 {
		return 0
	}
	n := min(rate/blend, len(pcm)-lag)
	for i := range n {
		pcm[i] = mix(pcm[i], pcm[lag+i], i, n)
	}
	copy(pcm[n:], pcm[lag+n:])
	return lag
}

// Lengthen repeats up to most samples, in place, and returns how many; 0 when no
// stretch is good enough, unless it must. The first n samples of pcm are the audio, as
// for Shorten; behind it there is room for most more.
func Lengthen(pcm []int16, n, rate, most int, must bool) int {
	lag := find(pcm[:n], rate, min(most, len(pcm)-n), must)
	if lag == 0 {
		return 0
	}
	over := min(rate/blend, n-lag)
	copy(pcm[lag+over:n+lag], pcm[over:n])
	for i := over - 1; i >= 0; i-- { // pcm[i] is read before it is written, where they overlap
		pcm[lag+i] = mix(pcm[lag+i], pcm[i], i, over)
	}
	return lag
}

// mix goes from a to b in n steps.
func mix(a, b int16, i, n int) int16 {
	return int16((int32(a)*int32(n-i) + int32(b)*int32(i)) / int32(n))
}

// find gives the number of samples after which pcm is most like its beginning; 0 when
// it is not alike enough.
func find(pcm []int16, rate, most int, must bool) int {
	least := Shortest(rate)
	over := rate / blend
	last := min(most, rate/maxLag, len(pcm)-over)
	if last < least {
		return 0
	}
	length := min(max(len(pcm)-last, over), 3*over)
	stride := max(rate/coarse, 1)
	best, top := 0, -1.0
	try := func(lag, stride int) {
		if l := min(length, len(pcm)-lag); l >= over {
			if s := likeness(pcm, lag, l, stride); s > top {
				best, top = lag, s
			}
		}
	}
	for lag := least; lag <= last; lag += stride {
		try(lag, stride)
	}
	if stride > 1 && best > 0 {
		around := best
		top = -1
		for lag := max(around-stride+1, least); lag <= min(around+stride-1, last); lag++ {
			try(lag, stride)
		}
	}
	if top >= alike || must || quiet(pcm) {
		return best
	}
	return 0
}

// likeness is the normalised correlation of the first n samples with those lag later.
func likeness(pcm []int16, lag, n, stride int) float64 {
	var cross, one, other int64
	for i := 0; i < n; i += stride {
		a, b := int64(pcm[i]), int64(pcm[lag+i])
		cross += a * b
		one += a * a
		other += b * b
	}
	if one == 0 || other == 0 {
		if one == other {
			return 1 // nothing is like nothing
		}
		return 0
	}
	return float64(cross) / math.Sqrt(float64(one)*float64(other))
}

// quiet reports whether there is nothing but a background.
func quiet(pcm []int16) bool {
	sum := int64(0)
	for _, v := range pcm {
		sum += int64(v) * int64(v)
	}
	return sum < hush*int64(len(pcm))
}
