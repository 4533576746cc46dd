package leg

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Play begins a playback in place of the one under way.
func (l *Leg) Play(w *Bench, c *clip.Clip, opts clip.Options) {
	if l.Clip.On() {
		l.Tell(w, l.Clip.Done(false))
	}
	l.Clip.Begin(c, opts, l.Rate)
	if l.Ended() {
		l.Tell(w, l.Clip.Done(false))
		return
	}
	l.Changed()
}

// StopPlay ends the playback under way, if any.
func (l *Leg) StopPlay(w *Bench) {
	if l.Clip.On() {
		l.Tell(w, l.Clip.Done(false))
		l.Changed()
	}
}

// Hears is what a leg hears in one frame.
type Hears uint8

// What it hears.
const (
	HearsTalk    Hears = iota // its room or peer
	HearsOwn                  // PCM of its own
	HearsNothing              // no audio is sent
)

// Special works out what the leg hears apart from its conversation: digits, a
// playback, silence. The PCM stays as it is until the worker's next flush.
func (l *Leg) Special(w *Bench) (pcm []int16, what Hears) {
	pcm, what = nil, HearsTalk
	if l.Early(w) {
		return nil, HearsNothing
	}
	if l.Held || l.OutMuted {
		pcm, what = w.Silence[:l.Rate/50], HearsOwn
	}
	if l.Clip.On() && l.Media.Send.Codec != nil && !l.digits.Busy() {
		var done bool
		frame := w.Frame(l.Rate)
		pcm, done = l.Clip.Next(frame)
		if !l.Volume.Plain() {
			copy(frame, pcm) // the clip is for others, too
			pcm = frame
			l.Volume.Apply(pcm)
		}
		what = HearsOwn
		if done {
			l.Tell(w, l.Clip.Done(true))
			l.Changed()
		}
	}
	switch {
	case !l.Sends:
		if l.digits.Busy() {
			l.CancelDigits(w)
		}
		return nil, HearsNothing
	case l.digits.Busy():
		l.pressDigits(w)
		return nil, HearsNothing
	case !l.Transcodes(), w.Now.Tick < l.passing.until:
		return nil, HearsNothing
	}
	return pcm, what
}

// Early reports whether the time of this frame was already sent: the leg came here
// from a place of another phase.
func (l *Leg) Early(w *Bench) bool {
	return !l.relay.Active() && !l.out.Paused(w.Now.Tick) && !l.out.Follows(l.out.At(w.Now.Tick))
}

// SoloFrame is one frame of a leg that is in no conversation.
func (l *Leg) SoloFrame(w *Bench) {
	l.Drain(w)
	playing := l.Clip.On()
	switch pcm, what := l.Special(w); {
	case what == HearsOwn && playing:
		w.Say(l, pcm)
	case what != HearsNothing && l.Injects(tap.Heard):
		w.Say(l, w.Silence[:l.Rate/50])
	case !playing && l.Ear.Own != nil:
		l.Ear.DropOwn()
	}
	if l.Taps != nil {
		l.TapFrame(w)
	}
	l.Housekeep(w)
}
