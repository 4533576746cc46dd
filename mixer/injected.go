package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/inject"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// inject takes sources in, by what they go into.
func (l *leg) inject(at [2]*inject.Source) {
	for d, s := range at {
		switch {
		case s == nil:
		case l.ended():
			s.End()
		default:
			l.tapped().Inject(tap.Direction(d), s)
		}
	}
	l.changed()
}

// eject takes them out.
func (l *leg) eject(at [2]*inject.Source) {
	for d, s := range at {
		if s == nil {
			continue
		}
		s.End()
		if l.taps != nil && l.taps.Eject(tap.Direction(d), s) {
			l.endTaps(nil)
		}
	}
	l.changed()
}

// injects reports whether anything may be injected into what goes one way.
func (l *leg) injects(d tap.Direction) bool { return l.taps != nil && l.taps.Injects(d) }

// mixHeard lets the taps have what a leg is sent in a frame, and adds what is injected: then
// it is PCM of the leg's own.
func (l *leg) mixHeard(w *bench, pcm []int16) []int16 {
	if !l.taps.Injects(tap.Heard) {
		l.taps.Hear(pcm, l.rate)
		return pcm
	}
	own := w.frame(l.rate)
	copy(own, pcm)
	l.taps.MixHeard(own, w.nextFrame(l.rate), l.rate)
	return own
}

// mixSaid lets the taps have what a leg says, which was decoded at a rate in Hz, and adds what
// is injected. pcm is a frame that is kept. It reports whether there is anything.
func (l *leg) mixSaid(w *bench, pcm []int16, rate int, spoke bool) bool {
	codec := rate
	if c := l.in.codec; c != nil {
		codec = c.SampleRate
	}
	l.taps.Says(pcm, rate, codec, spoke, l.inMuted || !l.media.Direction.Receives())
	if !l.taps.Injects(tap.Said) {
		return spoke
	}
	return l.taps.MixSaid(pcm, w.nextFrame(rate), rate, spoke)
}
