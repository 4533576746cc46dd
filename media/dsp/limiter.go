package dsp

const (
	// ceiling lies 0.2 dB under full scale, below the overload point of µ-law.
	ceiling = 32000

	// holdFrames: the gain rests this long (400 ms of 20 ms frames) after it was
	// last needed, so that the beat of steady tones does not modulate it.
	holdFrames = 20

	// nearNeed is the gain, relative to what a frame needs, up to which the frame
	// renews the hold: 0.5 dB more headroom than needed still counts as needed.
	nearNeed = 34716 // 10^(0.5/20) in Q15

	// releaseStep is the growth per frame once released: 0.08 dB, 4 dB per second.
	releaseStep = 33072 // 10^(0.08/20) in Q15
)

// Limiter computes the gain of one room, frame by frame, so that the mix of many
// talkers stays below full scale. The gain falls at once where it must and comes
// back slowly. It is a plain value; use NewLimiter.
type Limiter struct {
	gain int32
	hold int32
}

// NewLimiter makes a Limiter at Unity.
func NewLimiter() Limiter { return Limiter{gain: Unity} }

// Next takes the peak magnitude of the frame that will be mixed (the largest that
// anyone will hear: Peak for listeners, PeakMinus for talkers) and gives the
// gains for MixRamp. Once the ramp has ended nothing of this frame can clip; in
// the ramp of a frame that needs less gain the mixing kernel's clip is the guard.
func (l *Limiter) Next(peak int32) (from, to int32) {
	from = l.gain
	need := int32(Unity)
	if peak > ceiling {
		need = int32(int64(ceiling) << gainShift / int64(peak))
	}
	switch {
	case need < l.gain:
		l.gain, l.hold = need, holdFrames
	case l.gain == Unity:
	case need < Unity && int64(need) <= int64(l.gain)*nearNeed>>gainShift:
		l.hold = holdFrames
	case l.hold > 0:
		l.hold--
	default:
		l.gain = min(need, int32((int64(l.gain)*releaseStep+half)>>gainShift)+1)
	}
	return from, l.gain
}
