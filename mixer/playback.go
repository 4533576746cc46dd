package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// play begins a playback in place of the one under way.
func (l *leg) play(w *bench, c *clip.Clip, opts clip.Options) {
	if l.clip.On() {
		l.tell(w, l.clip.Done(false))
	}
	l.clip.Begin(c, opts, l.rate)
	if l.ended() {
		l.tell(w, l.clip.Done(false))
		return
	}
	l.changed()
}

// stopPlay ends the playback under way, if any.
func (l *leg) stopPlay(w *bench) {
	if l.clip.On() {
		l.tell(w, l.clip.Done(false))
		l.changed()
	}
}

// hears is what a leg hears in one frame.
type hears uint8

const (
	hearsTalk    hears = iota // its room or peer
	hearsOwn                  // PCM of its own
	hearsNothing              // no audio is sent
)

// special works out what the leg hears apart from its conversation: digits, a
// playback, silence. The PCM stays as it is until the worker's next flush.
func (l *leg) special(w *bench) (pcm []int16, what hears) {
	pcm, what = nil, hearsTalk
	if l.early(w) {
		return nil, hearsNothing
	}
	if l.held || l.outMuted {
		pcm, what = w.silence[:l.rate/50], hearsOwn
	}
	if l.clip.On() && l.media.Send.Codec != nil && !l.digits.Busy() {
		var done bool
		frame := w.frame(l.rate)
		pcm, done = l.clip.Next(frame)
		if !l.volume.plain() {
			copy(frame, pcm) // the clip is for others, too
			pcm = frame
			l.volume.apply(pcm)
		}
		what = hearsOwn
		if done {
			l.tell(w, l.clip.Done(true))
			l.changed()
		}
	}
	switch {
	case !l.sends:
		if l.digits.Busy() {
			l.cancelDigits(w)
		}
		return nil, hearsNothing
	case l.digits.Busy():
		l.pressDigits(w)
		return nil, hearsNothing
	case !l.transcodes(), w.now.Tick < l.passing.until:
		return nil, hearsNothing
	}
	return pcm, what
}

// early reports whether the time of this frame was already sent: the leg came here
// from a place of another phase.
func (l *leg) early(w *bench) bool {
	return !l.relay.Active() && !l.out.Paused(w.now.Tick) && !l.out.Follows(l.out.At(w.now.Tick))
}

// soloFrame is one frame of a leg that is in no conversation.
func (l *leg) soloFrame(w *bench) {
	l.drain(w)
	playing := l.clip.On()
	switch pcm, what := l.special(w); {
	case what == hearsOwn && playing:
		w.say(l, pcm)
	case what != hearsNothing && l.injects(tap.Heard):
		w.say(l, w.silence[:l.rate/50])
	case !playing && l.ear.Own != nil:
		l.ear.DropOwn()
	}
	if l.taps != nil {
		l.tapFrame(w)
	}
	l.housekeep(w)
}
