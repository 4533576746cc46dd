package dsp

import (
	"fmt"
	"time"
)

const (
	// lowTaps is the filter's length in samples of the lower rate: 3 ms at 8 kHz,
	// so the delay is half of that.
	lowTaps = 24

	// maxChunk is how many input samples are filtered at once; a multiple of
	// every ratio. Longer input runs in several chunks.
	maxChunk = 480

	tapShift = 20
)

// Resampler changes the rate of one stream by 2, 3 or 6, up or down, with a
// linear-phase polyphase FIR. It is flat within 0.5 dB to 0.425 of the lower rate
// (3.4 kHz of 8 kHz) and at least 60 dB down from 0.56 of it. It keeps the tail of
// the stream between calls and allocates nothing after NewResampler.
type Resampler struct {
	up, down int
	from, to int
	filter   *filter
	history  int // samples kept in front of each chunk
	buf      []int32
}

// NewResampler makes a Resampler from one rate to another, both in Hz: 8, 16, 24
// or 48 kHz with an integer ratio of 2, 3 or 6.
func NewResampler(from, to int) (*Resampler, error) {
	lower, higher := min(from, to), max(from, to)
	if !CanResample(from, to) {
		return nil, fmt.Errorf("dsp: no integer-ratio filter from %d to %d Hz", from, to)
	}
	ratio := higher / lower
	r := &Resampler{up: 1, down: 1, from: from, to: to, filter: filters[ratio]}
	if to > from {
		r.up, r.history = ratio, lowTaps-1
	} else {
		r.down, r.history = ratio, (lowTaps-1)*ratio
	}
	r.buf = make([]int32, r.history+maxChunk)
	return r, nil
}

// CanResample reports whether NewResampler takes the pair of rates.
func CanResample(from, to int) bool {
	lower, higher := min(from, to), max(from, to)
	for _, rate := range []int{lower, higher} {
		switch rate {
		case 8000, 16000, 24000, 48000:
		default:
			return false
		}
	}
	return higher%lower == 0 && higher > lower
}

// Out is the number of samples that n input samples give. n is a multiple of the
// ratio when the rate goes down.
func (r *Resampler) Out(n int) int { return n * r.up / r.down }

// Delay is the filter's group delay.
func (r *Resampler) Delay() time.Duration {
	higher := max(r.from, r.to)
	halves := lowTaps*r.up*r.down - 1 - 2*(r.down-1) // half samples of the higher rate
	return time.Duration(halves) * time.Second / time.Duration(2*higher)
}

// Reset forgets the stream's tail.
func (r *Resampler) Reset() { clear(r.buf[:r.history]) }

// Process filters src into dst[:Out(len(src))]. When the rate goes down, len(src)
// is a multiple of the ratio. dst and src do not overlap.
func (r *Resampler) Process(dst, src []int32) {
	dst = dst[:r.Out(len(src))]
	for len(src) > 0 {
		n := min(len(src), maxChunk)
		copy(r.buf[r.history:], src[:n])
		m := r.run(dst, n)
		src, dst = src[n:], dst[m:]
	}
}

// ProcessPCM is Process for samples of 16 bits; what overshoots is clipped.
func (r *Resampler) ProcessPCM(dst, src []int16) {
	dst = dst[:r.Out(len(src))]
	var out [6 * maxChunk]int32
	for len(src) > 0 {
		n := min(len(src), maxChunk)
		Widen(r.buf[r.history:], src[:n])
		m := r.run(out[:], n)
		narrow(dst[:m], out[:m])
		src, dst = src[n:], dst[m:]
	}
}

// run filters the n samples after the history, keeps their tail, and returns the
// number of outputs.
func (r *Resampler) run(dst []int32, n int) int {
	m := r.Out(n)
	if r.up > 1 {
		interpolate(dst[:m], r.buf, r.filter, r.up)
	} else {
		decimate(dst[:m], r.buf, r.filter, r.down)
	}
	copy(r.buf[:r.history], r.buf[n:n+r.history])
	return m
}
