package mediatest

import (
	"math"
	"time"
)

const (
	// clickFactor is how many times the second difference of a click exceeds the root mean
	// square of those around it, clickLeast its least size, of 65536 for a jump from one
	// end of the scale to the other.
	clickFactor = 8
	clickLeast  = 1000
)

// Clicks are the places, in samples, where pcm at rate Hz jumps: where the second difference
// is an outlier among those within 10 ms to both sides, more than 8 times their root mean
// square without the 1 ms around it, and more than 1000. Outliers within 5 ms are one click.
// (The second difference is the residual of a fixed predictor: S. J. Godsill, P. J. W.
// Rayner, Digital Audio Restoration, 1998, §5.) Voices have some of their own: compare with
// the count of the reference.
func Clicks(pcm []int16, rate int) (at []int) {
	n := len(pcm)
	if n < 3 {
		return nil
	}
	difference := make([]float64, n) // of i, at i
	squares := make([]float64, n+1)
	for i := range n {
		if i > 0 && i < n-1 {
			difference[i] = float64(pcm[i+1]) - 2*float64(pcm[i]) + float64(pcm[i-1])
		}
		squares[i+1] = squares[i] + difference[i]*difference[i]
	}
	within := func(i, reach int) (sum float64, count int) {
		from, to := max(i-reach, 0), min(i+reach+1, n)
		return squares[to] - squares[from], to - from
	}
	for i, d := range difference {
		if math.Abs(d) <= clickLeast || len(at) > 0 && i-at[len(at)-1] < rate/200 {
			continue
		}
		all, many := within(i, rate/100)
		own, few := within(i, rate/1000)
		around := math.Sqrt(max(all-own, 0) / float64(many-few))
		if math.Abs(d) > clickFactor*around {
			at = append(at, i)
		}
	}
	return at
}

// Gap is a stretch of silence where there should be speech.
type Gap struct {
	At     int // first sample
	Length time.Duration
}

const (
	// gapPeak is −60 dBFS as a sample.
	gapPeak = 32
	// gapSpeech is the level of the reference, in dBFS, from which it speaks.
	gapSpeech = -45
)

// Gaps are the runs of at least least in which no sample of got exceeds −60 dBFS (a
// magnitude of 32) while ref speaks: from the first to the last ms of it, in the run, that
// is above −45 dBFS. ref and got are aligned and of rate Hz. A reference's own pauses,
// however they are cut, are none.
func Gaps(ref, got []int16, rate int, least time.Duration) (gaps []Gap) {
	n := min(len(ref), len(got))
	ms := rate / 1000
	for at := 0; at < n; {
		end := at
		for end < n && got[end] <= gapPeak && got[end] >= -gapPeak {
			end++
		}
		first, last := at, end
		for last-first >= ms && Level(ref[first:first+ms]) <= gapSpeech {
			first += ms
		}
		for last-first >= ms && Level(ref[last-ms:last]) <= gapSpeech {
			last -= ms
		}
		length := time.Duration(last-first) * time.Second / time.Duration(rate)
		if length >= least && Level(ref[first:last]) > gapSpeech {
			gaps = append(gaps, Gap{At: first, Length: length})
		}
		at = end + 1
	}
	return gaps
}
