package cn

import (
	"math"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// An Analyser's habits, in frames of 20 ms and in dB.
const (
	// modelOrder is the order of descriptions: formants of a room, nothing finer.
	modelOrder = 8
	// hangover is how long after the last loud frame nothing counts as noise.
	hangover = 10
	// loudestNoise, in −dBov: what is louder is sent as it is, however steady. Tones
	// and music stay what they are.
	loudestNoise = 40
	// faintest, in −dBov: what is fainter is silence, however unsteady.
	faintest = 70
	// margin is how far over the floor speech begins.
	margin = 6
	// window is over how long the floor is looked for: it is the least of this one and
	// the last.
	window = 75
	// refresh is how often a description is repeated, soonest how often one that differs
	// by differs may follow.
	refresh = 50
	soonest = 5
	differs = 2
	// settle weighs a new frame's spectrum into that of late.
	settle = 0.25
)

// Analyser looks in one party's audio, frame by frame, for silence, and describes it.
// It is a plain value; the zero value is ready.
type Analyser struct {
	least, before uint8 // the lowest levels, as −dBov, of this window and the last; the floor
	age           int   // of the window, in frames
	hang          int
	known         bool // correlation holds something
	correlation   [modelOrder + 1]float64
	silent        bool
	sent          uint8 // the level described last
	since         int   // frames since that
}

// Describe is what noise sounds like, at any rate.
func Describe(pcm []int16) Description {
	var a Analyser
	a.listen(pcm)
	return a.describe(dsp.LevelDBov(pcm))
}

// Frame takes the next 20 ms, at any rate. silent tells that they need not be sent;
// due that desc does.
func (a *Analyser) Frame(pcm []int16) (desc Description, silent, due bool) {
	level := dsp.LevelDBov(pcm)
	loud := a.loud(level)
	a.track(level)
	if loud {
		a.hang, a.silent, a.known = hangover, false, false
		return Description{}, false, false
	}
	if a.hang > 0 {
		a.hang--
		if a.hang < hangover/2 { // the voice's tail is over
			a.listen(pcm)
		}
		return Description{}, false, false
	}
	a.listen(pcm)
	began := !a.silent
	a.silent = true
	a.since++
	off := max(int(level)-int(a.sent), int(a.sent)-int(level))
	if !began && a.since < refresh && (a.since < soonest || off <= differs) {
		return Description{}, true, false
	}
	a.since, a.sent = 0, level
	return a.describe(level), true, true
}

// loud reports whether a level is more than the room's noise.
func (a *Analyser) loud(level uint8) bool {
	floor := max(a.least, a.before)
	switch {
	case level >= faintest:
		return false
	case level < loudestNoise:
		return true
	case floor == 0:
		return true // nothing was heard yet
	}
	return level+margin < floor
}

// track follows the floor.
func (a *Analyser) track(level uint8) {
	if a.age++; a.age > window {
		a.before, a.least, a.age = a.least, level, 0
	}
	a.least = max(a.least, level)
}

// listen adds a frame to the spectrum of late.
func (a *Analyser) listen(pcm []int16) {
	weight := settle
	if !a.known {
		a.known, weight = true, 1
		a.correlation = [modelOrder + 1]float64{}
	}
	n := float64(max(len(pcm), 1))
	for lag := range a.correlation {
		var sum int64
		for i := lag; i < len(pcm); i++ {
			sum += int64(pcm[i]) * int64(pcm[i-lag])
		}
		a.correlation[lag] += weight * (float64(sum)/n - a.correlation[lag])
	}
}

// describe is what was listened to (Levinson and Durbin's recursion).
func (a *Analyser) describe(level uint8) Description {
	d := Description{Level: level}
	const whiten = 1.0001 // keeps the model of a pure tone stable
	r := a.correlation
	energy := r[0] * whiten
	if energy < 1 {
		return d
	}
	var c, next [modelOrder]float64 // of the prediction error filter 1 + Σ c z^−i
	d.Order = modelOrder
	for m := range modelOrder {
		sum := r[m+1]
		for i := range m {
			sum += c[i] * r[m-i]
		}
		k := -sum / energy
		if math.Abs(k) >= 1 {
			d.Order = m
			return d
		}
		for i := range m {
			next[i] = c[i] + k*c[m-1-i]
		}
		next[m] = k
		c = next
		d.Reflection[m] = float32(k)
		energy *= 1 - k*k
	}
	return d
}
