package mediatest

import "math"

// active is how loud a frame of the reference must be to be measured, relative to the whole
// reference's level, in dB: speech, not the room behind it.
const active = -25

// SegmentalSNR is the mean, over the frames of 20 ms in which ref speaks, of the ratio of ref
// to the difference between ref and got, in dB. Each frame's is clipped to −10..35 dB, so that
// neither silence nor a perfect frame counts for more than can be heard (J. H. L. Hansen, B.
// L. Pellom, An Effective Quality Evaluation Protocol for Speech Enhancement Algorithms, ICSLP
// 1998). ref and got are aligned, of one level and of rate Hz. It is NaN where ref does not
// speak. It tells how near the waveform is, which codecs that keep only the sound do badly
// at: use LogSpectralDistance for those.
func SegmentalSNR(ref, got []int16, rate int) float64 {
	n := rate / 50
	least := Level(ref) + active
	sum, count := 0.0, 0
	for at := 0; at+n <= min(len(ref), len(got)); at += n {
		frame := ref[at : at+n]
		if l := Level(frame); l < least || l <= silence {
			continue
		}
		signal, noise := 0.0, 0.0
		for i, v := range frame {
			d := float64(v) - float64(got[at+i])
			signal += float64(v) * float64(v)
			noise += d * d
		}
		sum += min(max(10*math.Log10(signal/noise), -10), 35)
		count++
	}
	return sum / float64(count)
}

// Band is a range of frequencies, in Hz.
type Band struct{ From, To float64 }

// Bands of telephony: what G.711 carries (ITU-T G.712), what G.722 carries.
var (
	Narrowband = Band{300, 3400}
	Wideband   = Band{50, 7000}
)

// dynamics is how far below a frame's loudest line, in dB, others count as that much.
const dynamics = 40

// LogSpectralDistance is the mean, over the frames of 32 ms in which ref speaks, of the root
// mean square difference of the two short-time spectra in dB, over the lines in a band
// (A. H. Gray, J. D. Markel, Distance Measures for Speech Processing, 1976). Frames overlap by
// half and have a Hann window. Lines more than 40 dB below the loudest of ref's frame are
// taken to be that. 0 is the same spectrum; a gain alone gives its dB. ref and got are
// aligned, to a few ms, and of rate Hz. It is NaN where ref does not speak.
func LogSpectralDistance(ref, got []int16, rate int, band Band) float64 {
	n := 1
	for n < rate*32/1000 {
		n *= 2
	}
	first, last := int(math.Ceil(band.From*float64(n)/float64(rate))), int(band.To*float64(n)/float64(rate))
	first, last = max(first, 1), min(last, n/2-1)
	least := Level(ref) + active
	sum, count := 0.0, 0
	for at := 0; at+n <= min(len(ref), len(got)); at += n / 2 {
		if l := Level(ref[at : at+n]); l < least || l <= silence {
			continue
		}
		a, b := spectrum(ref[at:at+n]), spectrum(got[at:at+n])
		loudest := 0.0
		for k := first; k <= last; k++ {
			loudest = max(loudest, a[k])
		}
		floor := loudest * math.Pow(10, -dynamics/10.0)
		squares := 0.0
		for k := first; k <= last; k++ {
			d := 10 * math.Log10(max(a[k], floor)/max(b[k], floor))
			squares += d * d
		}
		sum += math.Sqrt(squares / float64(last-first+1))
		count++
	}
	return sum / float64(count)
}

// spectrum is the power of the lines of pcm under a Hann window.
func spectrum(pcm []int16) []float64 {
	n := len(pcm)
	x := make([]complex128, n)
	for i, v := range pcm {
		x[i] = complex(float64(v)*(0.5-0.5*math.Cos(2*math.Pi*float64(i)/float64(n))), 0)
	}
	fourier(x)
	power := make([]float64, n/2)
	for k := range power {
		power[k] = real(x[k])*real(x[k]) + imag(x[k])*imag(x[k])
	}
	return power
}
