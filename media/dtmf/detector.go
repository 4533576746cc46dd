package dtmf

import (
	"math"
	"math/cmplx"
	"time"
)

// DetectorRate is the sample rate that a Detector takes, Hz.
const DetectorRate = 8000

// The sizes of a Detector's work, in samples.
const (
	window = 128 // 16 ms are looked at
	hop    = 40  // every 5 ms
)

// What is a digit. A tone of 40 ms fills six windows or more and one of 23 ms four at
// most, of which the first tells no frequency; a break of 23 ms spoils seven and one
// of 40 ms nine.
const (
	hitsToBegin  = 5
	missesToEnd  = 8
	tolerance    = 0.025 // between 1.5 %, which is taken, and 3.5 %, which is not
	minLevel     = -37.0 // dBm0 of the weaker tone
	maxTwist     = 6.5   // dB by which the high tone may be the louder one
	maxReverse   = 10.5  // and the low tone
	purity       = 0.87  // share of the power that the two tones have
	maxHarmonic  = 0.05  // of a tone's power, at twice its frequency
	fullScaleDBm = 3.17  // of a sine (ITU-T G.711)
)

var (
	lowGroup  = [...]float64{697, 770, 852, 941}
	highGroup = [...]float64{1209, 1336, 1477, 1633}
	keys      = [4][4]byte{{'1', '2', '3', 'A'}, {'4', '5', '6', 'B'}, {'7', '8', '9', 'C'}, {'*', '0', '#', 'D'}}
)

// Detector finds digits in audio, by the limits of ITU-T Q.24: tones of 40 ms with
// pauses of 40 ms, breaks of 23 ms are bridged; 1.5 % beside their frequencies they are
// taken, 3.5 % beside not; the high tone up to 4 dB louder than the low one or 8 dB
// softer. It measures each tone's frequency by how its phase goes on from window to
// window, and wants nearly all the power in the pair, which speech hardly ever has.
type Detector struct {
	samples [window]float64
	fresh   int // samples since the last window

	tones [8]bin // of the low group, then the high one

	candidate byte
	hits      int
	misses    int
	digit     byte // that goes on, 0 for none
	length    int  // hops since it began
	last      int  // of them, up to the last hit

	events [2]Event
}

// bin is one frequency in a window.
type bin struct {
	hz       float64
	cos, sin float64    // of what its phase goes on by in a sample
	back     complex128 // what takes a hop's worth of phase away
	now      complex128
	before   complex128 // a hop ago
}

// NewDetector makes a Detector.
func NewDetector() *Detector {
	d := &Detector{}
	for i, hz := range append(lowGroup[:], highGroup[:]...) {
		s, c := math.Sincos(2 * math.Pi * hz / DetectorRate)
		hs, hc := math.Sincos(2 * math.Pi * hz * hop / DetectorRate)
		d.tones[i] = bin{hz: hz, cos: c, sin: s, back: complex(hc, -hs)}
	}
	return d
}

// Write takes audio at DetectorRate and gives what it tells, in order; with up to 20 ms
// at a time nothing can be missing. The events are valid until the next call. It
// allocates nothing.
func (d *Detector) Write(pcm []int16) []Event {
	n := 0
	for len(pcm) > 0 {
		k := min(hop-d.fresh, len(pcm))
		copy(d.samples[:], d.samples[k:])
		for i, v := range pcm[:k] {
			d.samples[window-k+i] = float64(v)
		}
		d.fresh += k
		pcm = pcm[k:]
		if d.fresh < hop {
			break
		}
		d.fresh = 0
		for _, ev := range d.step(d.look()) {
			if ev.Digit != 0 && n < len(d.events) {
				d.events[n] = ev
				n++
			}
		}
	}
	return d.events[:n]
}

// Flush ends a digit that goes on.
func (d *Detector) Flush() (ev Event, ok bool) {
	if d.digit == 0 {
		return Event{}, false
	}
	ev = d.end()
	d.candidate, d.hits = 0, 0
	return ev, true
}

// step takes the digit of one window, 0 for none. The second event follows the first.
func (d *Detector) step(key byte) (events [2]Event) {
	if key != 0 && key == d.candidate {
		d.hits++
	} else {
		d.candidate, d.hits = key, 1
	}
	if d.digit != 0 {
		d.length++
		switch {
		case key == d.digit:
			d.misses, d.last = 0, d.length
		default:
			d.misses++
		}
	}
	begins := key != 0 && key != d.digit && d.hits >= hitsToBegin
	if d.digit != 0 && (begins || d.misses >= missesToEnd) {
		events[0] = d.end()
	}
	if begins {
		d.digit, d.misses = key, 0
		d.length = d.hits
		d.last = d.hits
		events[1] = Event{Kind: Begin, Digit: key}
	}
	return events
}

// end is the end of the digit that goes on. The first window with it tells no frequency,
// and windows count that the tone fills by three quarters.
func (d *Detector) end() Event {
	ev := Event{Kind: End, Digit: d.digit, Duration: time.Duration(d.last*hop+window/2) * time.Second / DetectorRate}
	d.digit = 0
	return ev
}

// weights are those of a window by Hann, bells its sum and that of its squares.
var weights, weightSum, weightSquares = hann()

func hann() (w [window]float64, sum, squares float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/window)
		sum += w[i]
		squares += w[i] * w[i]
	}
	return w, sum, squares
}

// minPower is the square of the amplitude of a tone of minLevel.
var minPower = math.Pow(10, (minLevel-fullScaleDBm)/10) * 32768 * 32768

// look tells which digit's tones are in the window, 0 for none.
func (d *Detector) look() byte {
	var weighted [window]float64
	energy := 0.0
	for i := range d.samples {
		v := d.samples[i] * weights[i]
		weighted[i] = v
		energy += v * v
	}
	if energy < minPower*weightSquares/2 {
		for i := range d.tones {
			d.tones[i].now = 0
		}
		return 0
	}
	group((*[4]bin)(d.tones[:4]), &weighted)
	group((*[4]bin)(d.tones[4:]), &weighted)
	low, high := loudest(d.tones[:4]), loudest(d.tones[4:])
	a, aOK := d.tones[low].measure()
	b, bOK := d.tones[4+high].measure()
	switch {
	case !aOK || !bOK, a < minPower, b < minPower:
		return 0
	case (a+b)/2*weightSquares < purity*energy:
		return 0
	case b > a*decibels(maxTwist), a > b*decibels(maxReverse):
		return 0
	case harmonic(&weighted, highGroup[high]) > maxHarmonic*b:
		return 0
	case math.Abs(2*lowGroup[low]-highGroup[high]) > apart && harmonic(&weighted, lowGroup[low]) > maxHarmonic*a:
		return 0
	}
	return keys[low][high]
}

// apart, in Hz, is how far from a tone another can be told from it.
const apart = 2.5 * DetectorRate / window

func decibels(db float64) float64 { return math.Pow(10, db/10) }

// loudest is the index of the bin with the most power.
func loudest(tones []bin) (at int) {
	most := 0.0
	for i := range tones {
		if p := power(tones[i].now); p > most {
			at, most = i, p
		}
	}
	return at
}

func power(c complex128) float64 { return real(c)*real(c) + imag(c)*imag(c) }

// measure is the square of the amplitude of a tone near the bin's frequency; false when
// its own frequency is not near enough.
func (b *bin) measure() (square float64, near bool) {
	if b.before == 0 {
		return 0, false
	}
	turn := cmplx.Phase(b.now * cmplx.Conj(b.before) * b.back)
	beside := turn * DetectorRate / (2 * math.Pi * hop) // Hz
	if math.Abs(beside) > tolerance*b.hz {
		return 0, false
	}
	// Beside its middle a bin has less of a tone: for Hann, sinc(x)/(1−x²).
	x := beside * window / DetectorRate
	part := 1.0
	if x != 0 {
		part = math.Sin(math.Pi*x) / (math.Pi * x) / (1 - x*x)
	}
	return 4 * power(b.now) / (weightSum * weightSum * part * part), true
}

// harmonic is the square of the amplitude at twice a frequency.
func harmonic(weighted *[window]float64, hz float64) float64 {
	return 4 * power(transform(weighted, 2*hz)) / (weightSum * weightSum)
}

// group is transform for four frequencies at once, which keeps the processor busy: a
// single one waits for itself.
func group(g *[4]bin, weighted *[window]float64) {
	k0, k1, k2, k3 := 2*g[0].cos, 2*g[1].cos, 2*g[2].cos, 2*g[3].cos
	var a0, a1, a2, a3, b0, b1, b2, b3 float64
	for _, v := range weighted {
		a0, b0 = v-b0+k0*a0, a0
		a1, b1 = v-b1+k1*a1, a1
		a2, b2 = v-b2+k2*a2, a2
		a3, b3 = v-b3+k3*a3, a3
	}
	for i, s := range [4][2]float64{{a0, b0}, {a1, b1}, {a2, b2}, {a3, b3}} {
		g[i].before, g[i].now = g[i].now, complex(s[0]-s[1]*g[i].cos, s[1]*g[i].sin)
	}
}

// transform is a window at one frequency (G. Goertzel, 1958). Its phase is that of the
// last sample.
func transform(weighted *[window]float64, hz float64) complex128 {
	s, c := math.Sincos(2 * math.Pi * hz / DetectorRate)
	k := 2 * c
	var a, b float64
	for _, v := range weighted {
		a, b = v+k*a-b, a
	}
	return complex(a-b*c, b*s)
}
