package measure

import (
	"slices"
	"time"
)

// Histogram counts durations by their length, in steps of 10 µs up to 1 ms, of 100 µs up to
// 10 ms, and so on to 10 s.
type Histogram struct {
	Count uint64
	Max   time.Duration

	buckets [decades * perDecade]uint64
}

const (
	decades    = 5
	perDecade  = 100
	finestStep = 10 * time.Microsecond
)

// Add counts one; what is negative counts as nothing.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.Count++
	h.Max = max(h.Max, d)
	step := finestStep
	for decade := range decades {
		if n := int(d / step); n < perDecade {
			h.buckets[decade*perDecade+n]++
			return
		}
		step *= 10
	}
	h.buckets[len(h.buckets)-1]++
}

// Quantile is an upper bound of the shortest share q (0.99) of all; 0 of none. It is
// never more than Max.
func (h *Histogram) Quantile(q float64) time.Duration {
	var seen uint64
	for i := range h.buckets {
		n := h.buckets[i]
		seen += n
		if n > 0 && float64(seen) >= q*float64(h.Count) {
			step := finestStep
			for range i / perDecade {
				step *= 10
			}
			return min(h.Max, time.Duration(i%perDecade+1)*step)
		}
	}
	return 0
}

// Merge adds what another has counted.
func (h *Histogram) Merge(other *Histogram) {
	h.Count += other.Count
	h.Max = max(h.Max, other.Max)
	for i := range h.buckets {
		h.buckets[i] += other.buckets[i]
	}
}

// Median is the middle of some values, the mean of the two in the middle if they are
// even in number; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Quantile is the value that a share q of the values does not exceed; 0 of none.
func Quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
