// Package fax hears that a facsimile machine calls: by the calling tone, CNG (ITU-T T.30
// §4.1), half a second of 1100 Hz every three and a half seconds.
package fax

import (
	"math"
	"math/cmplx"
	"time"
)

// Rate is the sample rate of what a Detector hears, Hz.
const Rate = 8000

const (
	window = 80 // samples, 10 ms
	hop    = 40 // samples, 5 ms

	frequency = 1100.0 // Hz
	tolerance = 45.0   // T.30 has 38, and lines shift some
	minLevel  = -45.0  // dBm0
	minPurity = 0.8    // share of the power that the tone has
	fullScale = 3.17   // dBm0 of a sine of full scale (ITU-T G.711)

	// T.30 has half a second, give or take 15 %; a window reaches into what is beside it.
	shortest = 400 * time.Millisecond
	longest  = 600 * time.Millisecond
	// holes are bridged up to that: a packet that was lost.
	hole = 25 * time.Millisecond
)

const (
	hopTime = hop * time.Second / Rate
	step    = 2 * math.Pi * frequency / Rate // of the tone's phase, from sample to sample
)

// reference is the tone in a window, cosine and sine.
var reference = func() (r [window][2]float64) {
	for i := range r {
		r[i][1], r[i][0] = math.Sincos(step * float64(i))
	}
	return r
}()

// Detector finds the calling tone. The zero value is ready.
type Detector struct {
	samples [window]float64
	filled  int

	last  complex128 // of the window before
	phase float64    // of the reference at the beginning of the window
	tone  time.Duration
	gap   time.Duration
}

// Write hears PCM and tells whether a calling tone has ended in it. It allocates nothing.
func (d *Detector) Write(pcm []int16) (heard bool) {
	for _, s := range pcm {
		d.samples[d.filled] = float64(s)
		if d.filled++; d.filled == window {
			heard = d.look() || heard
			d.filled = copy(d.samples[:], d.samples[hop:])
		}
	}
	return heard
}

// look judges the window, and the tone that ends with it.
func (d *Detector) look() (heard bool) {
	switch {
	case d.hit():
		d.tone += hopTime + d.gap
		d.gap = 0
	case d.tone == 0:
	case d.gap+hopTime <= hole:
		d.gap += hopTime
	default:
		heard = d.tone >= shortest && d.tone <= longest
		d.tone, d.gap = 0, 0
	}
	return heard
}

// hit reports whether the window is the tone: its phase tells by how much it is beside the
// frequency, and so how much of the tone's power the window can show.
func (d *Detector) hit() bool {
	var re, im, power float64
	for i, s := range &d.samples {
		re += s * reference[i][0]
		im -= s * reference[i][1]
		power += s * s
	}
	sum := complex(re, im) * cmplx.Rect(1, -d.phase)
	d.phase = math.Mod(d.phase+step*hop, 2*math.Pi)
	turn := cmplx.Phase(sum * cmplx.Conj(d.last))
	d.last = sum
	offset := turn / (2 * math.Pi) * Rate / hop // Hz
	if power == 0 || math.Abs(offset) > tolerance {
		return false
	}
	x := math.Pi * offset * window / Rate
	shown := 1.0
	if x != 0 {
		shown = math.Sin(x) / x
	}
	amplitude := 2 * cmplx.Abs(sum) / window / shown
	level := 20*math.Log10(amplitude/32768) + fullScale
	return level >= minLevel && amplitude*amplitude/2 >= minPurity*power/window
}
