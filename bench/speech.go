package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

// speechRate is the rate of speech, in Hz; speechSeconds how long it is at the most.
const (
	speechRate    = 48000
	speechSeconds = 6
	speechLevel   = -26 // in dBFS
)

// Speech reads speech from a WAV file of any rate, for what has to be encoded as such.
func Speech(name string) ([]int16, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const seconds = 30 // more than is used
	pcm, rate, err := wav.ReadMono(f, seconds*speechRate)
	if err == nil && rate != speechRate {
		pcm, err = dsp.ResampleClip(pcm, rate, speechRate)
	}
	if err == nil && len(pcm) < speechRate {
		err = errors.New("less than a second of speech")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return levelled(pcm[:min(len(pcm), speechSeconds*speechRate)]), nil
}

// vowel is three formants, in Hz (Peterson and Barney, 1952).
type vowel [3]float64

var vowels = []vowel{{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240}, {530, 1840, 2480}, {570, 840, 2410}, {660, 1720, 2410}}

// babble is something like speech, for want of a recording: syllables of a vowel, whose
// pitch moves, some with a fricative before, and a pause after a few. Every call gives the
// same.
func babble() []int16 {
	const seconds = speechSeconds
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	out := make([]float64, 0, seconds*speechRate)
	for n := 0; len(out) < seconds*speechRate; n++ {
		if n%5 == 4 {
			out = append(out, make([]float64, speechRate/4)...)
			continue
		}
		if random.IntN(2) == 0 {
			out = append(out, fricative(random, speechRate*7/100)...)
		}
		out = append(out, voiced(vowels[random.IntN(len(vowels))], 100+60*random.Float64(), speechRate*(12+random.IntN(12))/100)...)
	}
	pcm := make([]int16, seconds*speechRate)
	for i := range pcm {
		pcm[i] = int16(8000 * max(-3, min(3, out[i])))
	}
	return levelled(pcm)
}

// voiced is pulses of a pitch in Hz, falling, through the resonances of a vowel.
func voiced(v vowel, pitch float64, samples int) []float64 {
	out := make([]float64, samples)
	phase := 0.0
	for i := range out {
		phase += pitch * (1 - 0.2*float64(i)/float64(samples)) / speechRate
		if phase >= 1 {
			phase--
			out[i] = 1
		}
	}
	for i, hz := range v {
		resonate(out, hz, 60+40*float64(i))
	}
	return enveloped(out)
}

// fricative is noise of high frequencies.
func fricative(random *rand.Rand, samples int) []float64 {
	out := make([]float64, samples)
	for i := range out {
		out[i] = random.Float64() - 0.5
	}
	resonate(out, 5500, 2000)
	out = enveloped(out)
	for i := range out {
		out[i] *= 0.2
	}
	return out
}

// resonate filters in place with two poles at a frequency, with a bandwidth, in Hz.
func resonate(x []float64, hz, bandwidth float64) {
	r := math.Exp(-math.Pi * bandwidth / speechRate)
	c := 2 * r * math.Cos(2*math.Pi*hz/speechRate)
	var y1, y2 float64
	for i := range x {
		y1, y2 = x[i]*(1-r)+c*y1-r*r*y2, y1
		x[i] = y1
	}
}

// enveloped is x at a peak of one, with a soft beginning and end.
func enveloped(x []float64) []float64 {
	peak := 1e-9
	for _, v := range x {
		peak = max(peak, math.Abs(v))
	}
	ramp := min(len(x)/2, speechRate/50)
	for i := range x {
		x[i] *= min(1, float64(i)/float64(ramp), float64(len(x)-1-i)/float64(ramp)) / peak
	}
	return x
}

// levelled is pcm at speechLevel.
func levelled(pcm []int16) []int16 {
	power := 1e-9
	for _, s := range pcm {
		power += float64(s) * float64(s) / float64(len(pcm))
	}
	gain := 32767 / math.Sqrt2 * math.Pow(10, speechLevel/20.0) / math.Sqrt(power)
	for i, s := range pcm {
		pcm[i] = int16(max(-32768, min(32767, gain*float64(s))))
	}
	return pcm
}
