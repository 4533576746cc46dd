package measure

import (
	"math"
	"slices"
)

// Silence is the level of no signal at all, in dBFS.
const Silence = -200.0

// fullScale is the peak of a sine at 0 dBFS.
const fullScale = 32767.0

// Sine is samples of a tone of hz at a rate (Hz) with a level in dBFS; 0 is full
// scale.
func Sine(hz float64, rate, samples int, level float64) []int16 {
	pcm := make([]int16, samples)
	peak, step := fullScale*math.Pow(10, level/20), 2*math.Pi*hz/float64(rate)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(step*float64(i))))
	}
	return pcm
}

// Tone is the level in dBFS that the tone of hz reaches in a share of the windows of 200 ms
// (0.5 for half of them), by Goertzel's algorithm. It tells tones 40 Hz apart; a jump in phase, as a lost packet
// makes, costs one window.
func Tone(pcm []int16, rate int, hz, share float64) float64 {
	powers := Powers(pcm, rate, hz)
	if len(powers) == 0 {
		return Silence
	}
	slices.Sort(powers)
	return Decibels(powers[min(int((1-share)*float64(len(powers))), len(powers)-1)])
}

// Powers is the power of the tone at hz in windows of 200 ms, each half over the next; 1 is
// a sine of full scale.
func Powers(pcm []int16, rate int, hz float64) []float64 {
	size := min(rate/5, len(pcm))
	if size == 0 {
		return nil
	}
	window, sum := blackmanHarris(size)
	var powers []float64
	for at := 0; at+size <= len(pcm); at += max(size/2, 1) {
		amplitude := goertzel(pcm[at:at+size], window, 2*math.Pi*hz/float64(rate)) * 2 / sum / fullScale
		powers = append(powers, amplitude*amplitude)
	}
	return powers
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
	return Decibels(2 * power / float64(len(pcm)) / fullScale / fullScale)
}

// goertzel is the magnitude of the windowed signal's spectrum at omega, in radians per
// sample.
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

// Decibels is a power in dB, Silence of none.
func Decibels(power float64) float64 {
	if power <= 0 {
		return Silence
	}
	return max(Silence, 10*math.Log10(power))
}
