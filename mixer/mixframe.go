package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// run is one frame of the room.
func (x *mix) run(w *worker) {
	if x.changed {
		x.rebuild(w)
	}
	x.frames++
	w.resetFrames()
	w.talkers, w.candidates = w.talkers[:0], w.candidates[:0]
	x.tree.Begin(w.bus)
	for _, l := range x.members {
		w.current = l
		l.drain(w)
		x.weigh(w, l)
	}
	w.current = nil
	x.elect(w)
	for _, l := range w.candidates {
		w.current = l
		x.hear(w, l)
	}
	w.current = nil
	x.tree.Total(w.bus)
	if x.clip.on {
		x.playFrame(w)
	}
	gain := x.tree.Gain(x.peak(w))
	for _, l := range x.members {
		w.current = l
		x.serve(w, l, gain)
		if l.taps != nil {
			l.tapFrame(w)
		}
	}
	w.current = nil
	for _, c := range x.classes {
		x.serveClass(w, c, gain)
	}
	for _, t := range x.taps {
		t.Put(tap.Said, w.bus.Plain(rates.Index(t.Config().Rate), gain), t.Config().Rate)
		t.Commit(w.now.Tick)
	}
	w.batches.Flush(w.now.Tick)
	for _, l := range x.members {
		s := l.ear.Hearing
		if l.ear.Shares {
			s = l.class.Stream()
		}
		if s != nil {
			w.current = l
			l.send(w, s)
		}
	}
	w.current = nil
	if x.frames%publishFrames == 0 {
		x.publish(w)
	}
}

// playFrame adds a frame of the room's playback, at every rate from its own
// samples.
func (x *mix) playFrame(w *worker) {
	if len(x.members) == 0 {
		return // nobody would hear it
	}
	at := x.clip.position()
	for i := rates.Count - 1; i > 0; i-- {
		if !x.tree.Heard[i] {
			continue
		}
		p := x.clip
		p.setRate(rates.Hz[i])
		p.seek(at)
		pcm, _ := p.next(w.playing[:rates.Frame(i)])
		w.bus.Play(i, pcm)
	}
	// The playback itself goes by 8 kHz, a whole number of samples at all rates.
	pcm, done := x.clip.next(w.playing[:rates.Frame(0)])
	if x.tree.Heard[0] {
		w.bus.Play(0, pcm)
	}
	if done {
		x.tell(w, x.clip.done(true))
	}
}

// peak is the largest magnitude that anyone will hear without a limiter.
func (x *mix) peak(w *worker) int32 {
	for _, c := range x.classes {
		c.Begin()
	}
	peak := int32(0)
	for _, l := range w.talkers {
		if l.class == nil {
			continue
		}
		l.class.Talkers++
		if l.voice != nil {
			peak = max(peak, w.bus.PeakMinus(l.class.Rate(), l.voice))
		}
	}
	var done [rates.Count]bool
	for _, c := range x.classes {
		if i := c.Rate(); c.Members > c.Talkers && !done[i] {
			done[i] = true
			peak = max(peak, w.bus.Peak(i))
		}
	}
	for _, t := range x.taps {
		if i := rates.Index(t.Config().Rate); !done[i] {
			done[i] = true
			peak = max(peak, w.bus.Peak(i))
		}
	}
	return peak
}

// serve prepares what a member hears.
func (x *mix) serve(w *worker, l *leg, gain mixminus.Gain) {
	l.ear.Hearing, l.ear.Shares = nil, false
	l.housekeep(w)
	pcm, what := l.special(w)
	c := l.class
	if what == hearsNothing || c == nil {
		return
	}
	if what == hearsTalk && !l.talking {
		if l.taps != nil {
			l.taps.Hear(w.bus.Plain(c.Rate(), gain), l.rate)
		}
		c.Listen(&l.ear, x.frames)
		return
	}
	independent, err := c.Part(&l.ear, x.frames)
	if err != nil {
		l.failSoon(w, err)
		return
	}
	if what == hearsTalk {
		if pcm = l.voice; pcm == nil {
			pcm = w.frame(l.rate)
		}
		w.bus.Minus(pcm, c.Rate(), l.voice, gain)
	}
	if l.taps != nil {
		l.taps.Hear(pcm, l.rate)
	}
	w.batches.Encode(l.ear.Own, pcm, independent, w.now.Tick)
}

// serveClass makes what the listeners of a class hear.
func (x *mix) serveClass(w *worker, c *encode.Class, gain mixminus.Gain) {
	if c.Listeners() == 0 {
		return
	}
	pcm := w.bus.Plain(c.Rate(), gain)
	s, independent := c.Next(x.frames)
	w.batches.Encode(s, pcm, independent, w.now.Tick)
}
