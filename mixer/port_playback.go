package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
)

// Clip is audio in memory, ready to be played any number of times at once. It is
// resampled to a rate when a port of that rate first needs it.
type Clip = clip.Clip

// NewClip makes a clip of mono PCM at a rate in Hz. pcm must not change
// afterwards. The error is of kind fault.Invalid.
func NewClip(rate int, pcm []int16) (*Clip, error) { return clip.New(rate, pcm) }

// PlayOptions is how a clip is played.
type PlayOptions struct {
	// Loop plays it until it is stopped.
	Loop bool
	// Offset is where it starts.
	Offset time.Duration
	// Token comes back in PlaybackDone.
	Token string
	// Queue, in a room, lets those under way go on, and plays after them.
	Queue bool
	// To, in a room, is who hears it.
	To Audience
}

func (o *PlayOptions) numbered(number uint64) clip.Options {
	return clip.Options{Loop: o.Loop, Offset: o.Offset, Token: o.Token, Number: number}
}

// playing is what the control side remembers of the playbacks of a port or room.
type playing struct {
	clip   *Clip // of the last one, until it is done: it must be had at every rate
	number uint64
}

// begin takes note of a playback and gives its number.
func (p *playing) begin(c *Clip) uint64 {
	p.clip = c
	p.number++
	return p.number
}

// done forgets a playback, unless another has begun since.
func (p *playing) done(number uint64) {
	if number == p.number {
		p.clip = nil
	}
}

// played takes note of the end of a playback.
func (p *Port) played(number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plays.done(number)
}

// Play plays a clip to the port, in place of what it would hear in its room or
// pair. A playback under way ends, not Completed. The error is of kind
// fault.Invalid when the clip cannot be had at the port's sample rate.
func (p *Port) Play(c *Clip, opts PlayOptions) error {
	if err := p.lockFor(func(codec *media.Codec) error { return c.Prepare(codec.SampleRate) }); err != nil {
		return err
	}
	defer p.mu.Unlock()
	if p.closed {
		return errPortClosed
	}
	play := opts.numbered(p.plays.begin(c))
	p.do(func(w *leg.Bench) { p.leg.Play(w, c, play) })
	return nil
}

// StopPlay ends the playback under way, if any.
func (p *Port) StopPlay() {
	p.do(func(w *leg.Bench) { p.leg.StopPlay(w) })
}
