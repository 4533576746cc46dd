package mediatest

import "math"

// silence is what is returned for no signal at all: below what 16 bits can hold, in dBFS.
const silence = -120

// fullScale is the mean square of a sine that just reaches full scale.
const fullScale = 32768.0 * 32768 / 2

// Level is the mean power of pcm in dBFS, at least −120.
func Level(pcm []int16) float64 {
	if len(pcm) == 0 {
		return silence
	}
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return decibels(sum / float64(len(pcm)) / fullScale)
}

// decibels of a ratio of powers, at least −120.
func decibels(power float64) float64 {
	return max(10*math.Log10(power), silence)
}

// ToneLevel is the level of the sine of hz in pcm at rate Hz, in dBFS, at least −120. A Hann
// window lets tones four or more lines of rate/len(pcm) away count for less than −30 dB of
// theirs (G. Goertzel, An Algorithm for the Evaluation of Finite Trigonometric Series, 1958).
func ToneLevel(pcm []int16, rate int, hz float64) float64 {
	n := len(pcm)
	if n == 0 {
		return silence
	}
	turn := 2 * math.Pi * hz / float64(rate)
	k := 2 * math.Cos(turn)
	var s1, s2, weight float64
	for i, v := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))
		s1, s2 = w*float64(v)+k*s1-s2, s1
		weight += w
	}
	power := s1*s1 + s2*s2 - k*s1*s2 // squared magnitude of the sum
	return decibels(power / (weight * weight / 4) / (2 * fullScale))
}

// Residue is how much of own is left in got, in dBFS, at least −120: the level of the part
// of got that is own at some gain, with a delay of 0 to maxLag samples, by least squares. Of
// n samples that have nothing to do with own, chance finds about their level less 10·log10(n)
// dB, and a few dB more for the best of many delays: a residue below that is not told from
// none. Two voices are more alike than noise, by 20 dB or so: to find less, compare what is
// heard with and without own.
func Residue(got, own []int16, maxLag int) float64 {
	sums := correlate(own, got, 0, maxLag)
	squares := energies(own)
	most := 0.0
	for lag, s := range sums {
		n := min(len(own), len(got)-lag)
		if n <= 0 || squares[n] == 0 {
			continue
		}
		most = max(most, s*s/squares[n]/float64(n)) // mean square of gain·own
	}
	return decibels(most / fullScale)
}
