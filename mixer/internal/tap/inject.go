package tap

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/inject"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Inject takes a source in, into what goes one way.
func (s *Set) Inject(d Direction, src *inject.Source) {
	s.sides[d].sources = append(s.sides[d].sources, src)
}

// Eject takes a source out, and reports whether nothing is left.
func (s *Set) Eject(d Direction, src *inject.Source) (empty bool) {
	s.sides[d].sources = slices.DeleteFunc(s.sides[d].sources, func(x *inject.Source) bool { return x == src })
	return s.empty()
}

// Injects reports whether anything may be injected into what goes one way.
func (s *Set) Injects(d Direction) bool { return len(s.sides[d].sources) > 0 }

// MixSaid adds what is injected to what the port says, a frame at a rate in Hz, of which it
// has spoken; frame has room for another. It reports whether there is anything now.
func (s *Set) MixSaid(pcm, frame []int16, rate int, spoke bool) bool {
	if !spoke {
		clear(pcm)
	}
	return s.mix(Said, pcm, frame, rate, false) || s.mix(Said, pcm, frame, rate, true) || spoke
}

// MixHeard adds what is injected to what the port is sent in this frame, and lets the taps
// have it without what is whispered. It is as MixSaid.
func (s *Set) MixHeard(pcm, frame []int16, rate int) {
	s.mix(Heard, pcm, frame, rate, false)
	s.Hear(pcm, rate)
	s.mix(Heard, pcm, frame, rate, true)
}

// mix adds the sources of a kind. It reports whether one of them had something.
func (s *Set) mix(d Direction, pcm, frame []int16, rate int, whisper bool) (spoke bool) {
	side, at := &s.sides[d], rates.Index(rate)
	if at < 0 {
		return false
	}
	side.mixed = true
	for _, src := range side.sources {
		if src.Config().Whisper == whisper && src.Frame(frame, at) {
			spoke = true
			for i, v := range frame {
				pcm[i] = int16(min(max(int32(pcm[i])+int32(v), -32768), 32767))
			}
		}
	}
	return spoke
}

// pass lets the time go by for sources that nobody has heard in this frame.
func (s *Set) pass() {
	for d := range s.sides {
		side := &s.sides[d]
		if !side.mixed {
			for _, src := range side.sources {
				src.Skip()
			}
		}
		side.mixed = false
	}
}
