package leg

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/inject"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Inject takes sources in, by what they go into.
func (l *Leg) Inject(at [2]*inject.Source) {
	for d, s := range at {
		switch {
		case s == nil:
		case l.Ended():
			s.End()
		default:
			l.tapped().Inject(tap.Direction(d), s)
		}
	}
	l.Changed()
}

// Eject takes them out.
func (l *Leg) Eject(at [2]*inject.Source) {
	for d, s := range at {
		if s == nil {
			continue
		}
		s.End()
		if l.Taps != nil && l.Taps.Eject(tap.Direction(d), s) {
			l.EndTaps(nil)
		}
	}
	l.Changed()
}

// Injects reports whether anything may be injected into what goes one way.
func (l *Leg) Injects(d tap.Direction) bool { return l.Taps != nil && l.Taps.Injects(d) }

// MixHeard lets the taps have what a leg is sent in a frame, and adds what is injected: then
// it is PCM of the leg's own.
func (l *Leg) MixHeard(w *Bench, pcm []int16) []int16 {
	if !l.Taps.Injects(tap.Heard) {
		l.Taps.Hear(pcm, l.Rate)
		return pcm
	}
	own := w.Frame(l.Rate)
	copy(own, pcm)
	l.Taps.MixHeard(own, w.NextFrame(l.Rate), l.Rate)
	return own
}

// MixSaid lets the taps have what a leg says, which was decoded at a rate in Hz, and adds what
// is injected. pcm is a frame that is kept. It reports whether there is anything.
func (l *Leg) MixSaid(w *Bench, pcm []int16, rate int, spoke bool) bool {
	codec := rate
	if c := l.In.codec; c != nil {
		codec = c.SampleRate
	}
	l.Taps.Says(pcm, rate, codec, spoke, l.InMuted || !l.Media.Direction.Receives())
	if !l.Taps.Injects(tap.Said) {
		return spoke
	}
	return l.Taps.MixSaid(pcm, w.NextFrame(rate), rate, spoke)
}
