// Package tone makes test tones and finds them again: sines, WAV files, and the
// level of one frequency in a recording (Goertzel). It shares no code with what
// it measures. It starts no goroutine.
package tone

import (
	"math"
	"slices"
)

// Silence is the level that Level and RMS give for no signal at all, in dBFS.
const Silence = -200.0

// fullScale is the peak of a sine at 0 dBFS.
const fullScale = 32767.0

// Sine is a tone of hz at the given sample rate (Hz), with the given peak
// (0…32767).
func Sine(hz float64, rate int, seconds, peak float64) []int16 {
	pcm := make([]int16, int(seconds*float64(rate)))
	step := 2 * math.Pi * hz / float64(rate)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(step*float64(i))))
	}
	return pcm
}

// Level is the level of the tone at hz in pcm, in dBFS: 0 is a sine of full
// scale. It looks at windows of 200 ms and averages their power, so it tells
// tones 40 Hz apart, other tones weigh in under −90 dB, and a jump in phase (a
// lost packet, a late buffer) costs one window, not the whole.
func Level(pcm []int16, rate int, hz float64) float64 {
	all := powers(pcm, rate, hz)
	sum := 0.0
	for _, p := range all {
		sum += p
	}
	return decibel(sum / float64(max(len(all), 1)))
}

// Lasting is the level that half of the windows of Level reach: that of a tone
// which lasts, while a click, which has a little of every frequency, does not
// count.
func Lasting(pcm []int16, rate int, hz float64) float64 {
	all := powers(pcm, rate, hz)
	if len(all) == 0 {
		return Silence
	}
	slices.Sort(all)
	return decibel(all[len(all)/2])
}

// powers is the power of the tone at hz in windows of 200 ms, each half over the
// next; 1 is a sine of full scale.
func powers(pcm []int16, rate int, hz float64) []float64 {
	size := min(rate/5, len(pcm))
	if size == 0 {
		return nil
	}
	window, sum := blackmanHarris(size)
	var all []float64
	for at := 0; at+size <= len(pcm); at += max(size/2, 1) {
		a := goertzel(pcm[at:at+size], window, 2*math.Pi*hz/float64(rate))
		a *= 2 / sum / fullScale // peak of the sine that gives this
		all = append(all, a*a)
	}
	return all
}

// RMS is the level of everything in pcm, in dBFS of a sine.
func RMS(pcm []int16) float64 {
	if len(pcm) == 0 {
		return Silence
	}
	power := 0.0
	for _, s := range pcm {
		power += float64(s) * float64(s)
	}
	return decibel(2 * power / float64(len(pcm)) / fullScale / fullScale)
}

// goertzel is the magnitude of the windowed signal's spectrum at the angular
// frequency omega (radians per sample).
func goertzel(pcm []int16, window []float64, omega float64) float64 {
	c := 2 * math.Cos(omega)
	var s1, s2 float64
	for i, x := range pcm {
		s1, s2 = float64(x)*window[i]+c*s1-s2, s1
	}
	return math.Sqrt(max(0, s1*s1+s2*s2-c*s1*s2))
}

// blackmanHarris is the four-term window, side lobes under −92 dB, and its sum.
func blackmanHarris(size int) (window []float64, sum float64) {
	window = make([]float64, size)
	for i := range window {
		x := 2 * math.Pi * float64(i) / float64(size)
		window[i] = 0.35875 - 0.48829*math.Cos(x) + 0.14128*math.Cos(2*x) - 0.01168*math.Cos(3*x)
		sum += window[i]
	}
	return window, sum
}

func decibel(power float64) float64 {
	if power <= 0 {
		return Silence
	}
	return max(Silence, 10*math.Log10(power))
}
