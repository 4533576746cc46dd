package mediatest

import "math"

// Align finds by how many samples got is later than ref, at most ±maxLag, by the largest
// normalised cross-correlation of what overlaps: 1 when one is the other at some positive
// gain, about 0 when they have nothing to do with each other. Where either is silent it is
// 0, 0. (C. H. Knapp, G. C. Carter, The Generalized Correlation Method for Estimation of
// Time Delay, 1976, without a weighting.)
func Align(ref, got []int16, maxLag int) (lag int, correlation float64) {
	refs, gots := energies(ref), energies(got)
	// Of a short overlap, or a quiet one, little can be said.
	return search(ref, got, -maxLag, maxLag, math.Sqrt(refs[len(ref)]*gots[len(got)])/2)
}

// search is Align over the lags from lowest to highest, as far as the geometric mean of the
// energies of what overlaps is at least least.
func search(ref, got []int16, lowest, highest int, least float64) (lag int, correlation float64) {
	refs, gots := energies(ref), energies(got)
	best := math.Inf(-1)
	for i, s := range correlate(ref, got, lowest, highest) {
		l := lowest + i
		first, last := max(0, -l), min(len(ref), len(got)-l) // of ref, that overlap
		if last <= first {
			continue
		}
		norm := math.Sqrt((refs[last] - refs[first]) * (gots[last+l] - gots[first+l]))
		if norm <= 0 || norm < least {
			continue
		}
		if c := s / norm; c > best {
			lag, best = l, c
		}
	}
	if math.IsInf(best, -1) {
		return 0, 0
	}
	return lag, best
}

// energies are the sums of the squares of the first n samples, for n from 0 on.
func energies(pcm []int16) []float64 {
	sums := make([]float64, len(pcm)+1)
	for i, v := range pcm {
		sums[i+1] = sums[i] + float64(v)*float64(v)
	}
	return sums
}

// Follow gives what in got answers to each sample of ref, where the delay of got changes on
// the way, as with a playout that adapts: each block of so many samples is looked for within
// ±reach of where the one before was, the first around lag. A block of ref that is silent,
// or is not found again (with a correlation of at least 0.5), is taken from where it
// would be with the delay of the block before. lags has the delay of each block, in samples.
// Beyond the ends of got there is silence.
func Follow(ref, got []int16, lag, block, reach int) (aligned []int16, lags []int) {
	aligned = make([]int16, len(ref))
	for at := 0; at < len(ref); at += block {
		part := ref[at:min(at+block, len(ref))]
		window := stretch(got, at+lag-reach, len(part)+2*reach)
		energy := energies(part)[len(part)]
		if more, c := search(part, window, 0, 2*reach, energy/10); c >= 0.5 {
			lag += more - reach
		}
		copy(aligned[at:], stretch(got, at+lag, len(part)))
		lags = append(lags, lag)
	}
	return aligned, lags
}

// stretch is n samples of pcm from at on, with silence where there are none.
func stretch(pcm []int16, at, n int) []int16 {
	out := make([]int16, n)
	if from, to := max(at, 0), min(at+n, len(pcm)); from < to {
		copy(out[from-at:], pcm[from:to])
	}
	return out
}
