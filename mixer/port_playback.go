package mixer

import "github.com/skygenesisenterprise/skybridge/media"

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
	opts.number = p.plays.begin(c)
	p.post(func(w *worker) *worker { return p.leg.play(w, c, opts) })
	return nil
}

// StopPlay ends the playback under way, if any.
func (p *Port) StopPlay() {
	p.post(func(w *worker) *worker { return p.leg.stopPlay(w) })
}
