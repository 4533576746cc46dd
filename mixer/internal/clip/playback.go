package clip

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Options is how a clip is played.
type Options struct {
	Loop   bool          // until it is stopped
	Offset time.Duration // where it starts
	Token  string        // comes back at the end
	Number uint64        // of the playbacks of a port or room
}

// Playback is a clip on its way to somebody.
type Playback struct {
	on    bool
	clip  *Clip
	opts  Options
	index int // of the rate, in rates.Hz
	at    int // Next sample, at that rate
}

// On reports whether there is a playback.
func (p *Playback) On() bool { return p.on }

// Begin sets the playback up for a sample rate in Hz.
func (p *Playback) Begin(c *Clip, opts Options, rate int) {
	*p = Playback{on: true, clip: c, opts: opts, index: max(rates.Index(rate), 0)}
	p.Seek(opts.Offset)
}

// Seek goes to a position, at most the end; a loop goes round.
func (p *Playback) Seek(d time.Duration) {
	if total := p.clip.duration; p.opts.Loop && total > 0 {
		d %= total
	}
	p.at = int(rates.Samples(min(max(d, 0), p.clip.duration), rates.Hz[p.index]))
}

// SetRate goes on at another sample rate.
func (p *Playback) SetRate(rate int) {
	i := rates.Index(rate)
	if !p.on || i < 0 || i == p.index {
		return
	}
	at := p.Position()
	p.index = i
	p.Seek(at)
}

// Position is how far the playback got.
func (p *Playback) Position() time.Duration {
	if p.clip == nil {
		return 0
	}
	return time.Duration(p.at) * time.Second / time.Duration(rates.Hz[p.index])
}

// Next gives the next frame: a view into the clip, or, where the clip ends or
// starts again within the frame, frame filled. done tells that nothing is left.
func (p *Playback) Next(frame []int16) (pcm []int16, done bool) {
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

func (p *Playback) copyTo(dst, all []int16) int {
	if p.at >= len(all) {
		return 0
	}
	n := copy(dst, all[p.at:])
	p.at += n
	return n
}

// Done is the event that ends the playback.
func (p *Playback) Done(completed bool) event.Event {
	ev := event.Event{
		Kind: event.PlaybackDone, Token: p.opts.Token, Duration: p.Position(), Completed: completed,
		Number: p.opts.Number,
	}
	*p = Playback{}
	return ev
}
