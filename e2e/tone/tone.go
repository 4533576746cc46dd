// Package tone makes test tones and finds them again: sines, WAV files, and the
// level of one frequency in a recording, as package measure of the benchmark finds
// it. It shares no code with what it measures. It starts no goroutine.
package tone

import (
	"math"
	"slices"

	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// Silence is the level that Level and RMS give for no signal at all, in dBFS.
const Silence = measure.Silence

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
	all := measure.Powers(pcm, rate, hz)
	sum := 0.0
	for _, p := range all {
		sum += p
	}
	return measure.Decibels(sum / float64(max(len(all), 1)))
}

// Lasting is the level that half of the windows of Level reach: that of a tone
// which lasts, while a click, which has a little of every frequency, does not
// count.
func Lasting(pcm []int16, rate int, hz float64) float64 {
	all := measure.Powers(pcm, rate, hz)
	if len(all) == 0 {
		return Silence
	}
	slices.Sort(all)
	return measure.Decibels(all[len(all)/2])
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
	return measure.Decibels(2 * power / float64(len(pcm)) / fullScale / fullScale)
}
