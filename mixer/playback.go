package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// playback is a clip on its way to somebody.
type playback struct {
	on    bool
	clip  *Clip
	opts  PlayOptions
	index int // of the rate, in rates.Hz
	at    int // next sample, at that rate
}

// begin sets the playback up for a sample rate in Hz.
func (p *playback) begin(c *Clip, opts PlayOptions, rate int) {
	*p = playback{on: true, clip: c, opts: opts, index: max(rates.Index(rate), 0)}
	p.seek(opts.Offset)
}

// seek goes to a position, at most the end; a loop goes round.
func (p *playback) seek(d time.Duration) {
	if total := p.clip.duration; p.opts.Loop && total > 0 {
		d %= total
	}
	p.at = int(rates.Samples(min(max(d, 0), p.clip.duration), rates.Hz[p.index]))
}

// setRate goes on at another sample rate.
func (p *playback) setRate(rate int) {
	i := rates.Index(rate)
	if !p.on || i < 0 || i == p.index {
		return
	}
	at := p.position()
	p.index = i
	p.seek(at)
}

// position is how far the playback got.
func (p *playback) position() time.Duration {
	if p.clip == nil {
		return 0
	}
	return time.Duration(p.at) * time.Second / time.Duration(rates.Hz[p.index])
}

// next gives the next frame: a view into the clip, or, where the clip ends or
// starts again within the frame, frame filled. done tells that nothing is left.
func (p *playback) next(frame []int16) (pcm []int16, done bool) {
	all := p.clip.at(p.index)
	if p.at+len(frame) <= len(all) {
		pcm = all[p.at : p.at+len(frame)]
		p.at += len(frame)
		return pcm, !p.opts.Loop && p.at == len(all)
	}
	for have := 0; ; {
		have += p.copyTo(frame[have:], all)
		switch {
		case have == len(frame):
			return frame, false
		case !p.opts.Loop || len(all) == 0:
			clear(frame[have:])
			return frame, true
		}
		p.at = 0
	}
}

func (p *playback) copyTo(dst, all []int16) int {
	if p.at >= len(all) {
		return 0
	}
	n := copy(dst, all[p.at:])
	p.at += n
	return n
}

// done is the event that ends the playback.
func (p *playback) done(completed bool) Event {
	ev := Event{
		Kind: PlaybackDone, Token: p.opts.Token, Duration: p.position(), Completed: completed,
		number: p.opts.number,
	}
	*p = playback{}
	return ev
}

func (l *leg) play(w *worker, c *Clip, opts PlayOptions) *worker {
	if l.clip.on {
		l.tell(w, l.clip.done(false))
	}
	l.clip.begin(c, opts, l.rate)
	if l.ended() {
		l.tell(w, l.clip.done(false))
		return nil
	}
	l.changed(w)
	return nil
}

func (l *leg) stopPlay(w *worker) *worker {
	if l.clip.on {
		l.tell(w, l.clip.done(false))
		l.changed(w)
	}
	return nil
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
func (l *leg) special(w *worker) (pcm []int16, what hears) {
	pcm, what = nil, hearsTalk
	if l.early(w) {
		return nil, hearsNothing
	}
	if l.held || l.outMuted {
		pcm, what = w.silence[:l.rate/50], hearsOwn
	}
	if l.clip.on && l.media.Send.Codec != nil && !l.digits.Busy() {
		var done bool
		frame := w.frame(l.rate)
		pcm, done = l.clip.next(frame)
		if !l.volume.plain() {
			copy(frame, pcm) // the clip is for others, too
			pcm = frame
			l.volume.apply(pcm)
		}
		what = hearsOwn
		if done {
			l.tell(w, l.clip.done(true))
			l.changed(w)
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
func (l *leg) early(w *worker) bool {
	return !l.relay.Active() && !l.out.Paused(w.now.Tick) && !l.out.Follows(l.out.At(w.now.Tick))
}

// soloFrame is one frame of a leg that is in no conversation.
func (l *leg) soloFrame(w *worker) {
	l.drain(w)
	playing := l.clip.on
	if pcm, what := l.special(w); what == hearsOwn && playing {
		w.say(l, pcm)
	} else if !playing && l.ear.Own != nil {
		l.ear.DropOwn()
	}
	if l.taps != nil {
		l.tapFrame(w)
	}
	l.housekeep(w)
}
