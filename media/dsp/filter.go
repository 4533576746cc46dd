package dsp

import "math"

// filter is one ratio's prototype, as both directions need it: taps in Q20.
//
// The prototype is symmetric, which halves the multiplications. A decimator adds
// the two samples that one tap weighs. In an interpolator phase p is the mirror
// image of phase ratio−1−p, so both come out of one pass over the sums and one over
// the differences of the window's opposite samples.
type filter struct {
	down   [][lowTaps / 2]int64 // the first half of ratio·lowTaps taps
	pairs  []phasePair          // ratio/2 of them: phase 0 with the last, and so on inwards
	odd    bool                 // the ratio is: then a phase in the middle mirrors itself
	middle [lowTaps / 2]int64

	// The same unfolded, for assembly, which multiplies faster than it adds opposites:
	// the prototype, and the phases one after the other.
	prototype, phases []tap
}

// phasePair holds, for the first half of a phase h, oldest sample first, the sums
// h[k]+h[lowTaps−1−k] and the differences h[k]−h[lowTaps−1−k].
type phasePair struct {
	sum, diff [lowTaps / 2]int64
}

var filters = map[int]*filter{2: designFilter(2), 3: designFilter(3), 6: designFilter(6)}

const (
	// cutoff is the −6 dB point relative to the lower rate. It lies under one
	// half, so that the band from 0.425 to 0.56 holds the whole transition.
	cutoff = 0.4795

	// kaiserBeta gives 60 dB of stop band (A = 60: 0.1102·(A−8.7)).
	kaiserBeta = 5.65
)

// designFilter makes the linear-phase low pass of one ratio: a sinc under a Kaiser
// window, lowTaps·ratio long, at the higher rate.
func designFilter(ratio int) *filter {
	n := lowTaps * ratio
	h := make([]float64, n)
	for i := range h {
		t := (float64(i) - float64(n-1)/2) / float64(ratio) // in samples of the lower rate
		h[i] = 2 * cutoff * sinc(2*cutoff*t) * kaiser(2*float64(i)/float64(n-1)-1, kaiserBeta)
	}
	f, q := &filter{phases: make([]tap, n), prototype: make([]tap, n)}, quantize(h)
	for i, v := range q {
		f.prototype[i] = tap(v) //nolint:unconvert // 32 bits elsewhere
	}
	for k := 0; k < n/2; k += lowTaps / 2 {
		f.down = append(f.down, [lowTaps / 2]int64(q[k:]))
	}
	for p := range (ratio + 1) / 2 {
		phase := make([]float64, lowTaps)
		for k := range phase { // h[k·ratio+p] weighs the sample k steps back
			phase[lowTaps-1-k] = h[k*ratio+p]
		}
		q := quantize(phase)
		for k, v := range q {
			f.phases[p*lowTaps+k], f.phases[(ratio-1-p)*lowTaps+lowTaps-1-k] = tap(v), tap(v) //nolint:unconvert // 32 bits elsewhere
		}
		if 2*p+1 == ratio {
			f.odd = true
			copy(f.middle[:], q)
			break
		}
		var pair phasePair
		for k := range pair.sum {
			pair.sum[k], pair.diff[k] = q[k]+q[lowTaps-1-k], q[k]-q[lowTaps-1-k]
		}
		f.pairs = append(f.pairs, pair)
	}
	return f
}

// quantize scales taps to a sum of exactly 1 in Q20, so that DC has no images; the
// rounding that is left goes to the largest, or in equal parts to the two largest
// of a symmetric h.
func quantize(h []float64) []int64 {
	var sum float64
	for _, v := range h {
		sum += v
	}
	q, left, largest := make([]int64, len(h)), int64(1<<tapShift), 0
	for i, v := range h {
		q[i] = int64(math.Round(v / sum * (1 << tapShift)))
		left -= q[i]
		if q[i] > q[largest] {
			largest = i
		}
	}
	q[largest] += left - left/2
	if opposite := len(h) - 1 - largest; q[opposite]+left-left/2 == q[largest] {
		q[opposite] += left / 2
	} else {
		q[largest] += left / 2
	}
	return q
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window at x in −1..1.
func kaiser(x, beta float64) float64 {
	return bessel0(beta*math.Sqrt(max(1-x*x, 0))) / bessel0(beta)
}

// bessel0 is the modified Bessel function of the first kind and order zero.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
