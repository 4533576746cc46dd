package dsp

import "math"

// Silence is the lowest audio level, in −dBov (RFC 6464 §3).
const Silence = 127

// LevelDBov is the audio level of pcm as RFC 6464 carries it: 0 is the overload
// point (a square wave at full scale), 127 is silence or −127 dBov and below. A
// sine at full scale is at 3.
func LevelDBov(pcm []int16) uint8 {
	return LevelOf(energy(pcm), len(pcm))
}

// LevelOf is LevelDBov of a number of samples, by their energy.
func LevelOf(energy uint64, samples int) uint8 {
	if energy == 0 || samples == 0 {
		return Silence
	}
	db := -10 * math.Log10(float64(energy)/(float64(samples)*32767*32767))
	return uint8(min(max(math.Round(db), 0), Silence))
}

// ActivityConfig says when a stream counts as speech.
type ActivityConfig struct {
	// Threshold is the level, in −dBov, at which a frame counts as loud enough:
	// any value up to it is active (smaller is louder). Default 50.
	Threshold uint8
	// Hangover is how many further frames stay active after the last loud one.
	// Default 15, 300 ms of 20 ms frames.
	Hangover uint16
}

// DefaultActivity suits telephone speech: room noise on a headset lies below
// −55 dBov, quiet speech above −45.
func DefaultActivity() ActivityConfig { return ActivityConfig{Threshold: 50, Hangover: 15} }

// Activity is a voice activity gate by level with hangover, one per stream. It is
// a plain value; the zero value is inactive.
type Activity struct {
	left uint16
}

// Active takes the level of the next frame, in −dBov as LevelDBov or RFC 6464
// gives it, and reports whether the stream belongs in the sum.
func (a *Activity) Active(cfg ActivityConfig, level uint8) bool {
	if level <= cfg.Threshold {
		a.left = cfg.Hangover
		return true
	}
	if a.left == 0 {
		return false
	}
	a.left--
	return true
}
