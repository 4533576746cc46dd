package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// run is one frame of the room.
func (x *mix) run(w *floor) {
	if x.changed {
		x.rebuild(w)
	}
	x.frames++
	w.resetFrames()
	w.talkers, w.candidates, w.voices = w.talkers[:0], w.candidates[:0], w.voices[:0]
	x.tree.Begin(w.bus)
	x.sayPartings(w)
	for _, l := range x.members {
		w.current = &l.leg
		l.drain(&w.bench)
		x.weigh(w, l)
	}
	w.current = nil
	x.elect(w)
	for _, l := range w.candidates {
		w.current = &l.leg
		x.hear(w, l)
	}
	w.current = nil
	x.tree.Total(w.bus)
	x.announce(w)
	x.mixAsides(w)
	gain := x.tree.Gain(x.peak(w))
	for _, l := range x.members {
		w.current = &l.leg
		x.serve(w, l, gain)
		if l.taps != nil {
			l.tapFrame(&w.bench)
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
			w.current = &l.leg
			l.send(&w.bench, s)
		}
	}
	w.current = nil
	x.settle(w)
	if x.frames%publishFrames == 0 {
		x.publish(w)
	}
}

// peak is the largest magnitude that anyone will hear without a limiter.
func (x *mix) peak(w *floor) int32 {
	for _, c := range x.classes {
		c.Begin()
	}
	peak := int32(0)
	for _, l := range w.talkers {
		if l.class == nil || l.apart {
			continue
		}
		l.class.Talkers++
		if l.voice != nil {
			peak = max(peak, w.bus.PeakMinus(l.class.Rate(), l.voice))
		}
	}
	var done [rates.Count]bool
	for _, c := range x.classes {
		if i := c.Rate(); c.Members > c.Talkers+c.Apart && !done[i] {
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
func (x *mix) serve(w *floor, l *member, gain mixminus.Gain) {
	l.ear.Hearing, l.ear.Shares = nil, false
	l.housekeep(&w.bench)
	pcm, what := l.special(&w.bench)
	c, lately := l.class, l.lately
	if what == hearsNothing || c == nil {
		l.lately = hearsNothing
		return
	}
	l.lately = what
	fades := lately != what && lately != hearsNothing
	if what == hearsTalk && !fades && l.hearsPlain() {
		if l.taps != nil {
			l.taps.Hear(w.bus.Plain(c.Rate(), gain), l.rate)
		}
		c.Listen(&l.ear, x.frames)
		return
	}
	independent, err := c.Part(&l.ear, x.frames)
	if err != nil {
		l.failSoon(&w.bench, err)
		return
	}
	switch {
	case what == hearsTalk:
		pcm = x.listen(w, l, gain)
		if fades {
			mixminus.FadeIn(pcm, l.rate)
		}
		l.volume.apply(pcm)
	case fades:
		own := w.frame(l.rate)
		copy(own, pcm)
		pcm = x.listen(w, l, gain)
		l.volume.apply(pcm)
		mixminus.Cross(pcm, own, l.rate)
		pcm = own
	}
	if l.taps != nil {
		pcm = l.mixHeard(&w.bench, pcm)
	}
	w.batches.Encode(l.ear.Own, pcm, independent, w.now.Tick)
}

// hearsPlain reports whether a member hears what all hear who say nothing.
func (l *member) hearsPlain() bool {
	return !l.talking && !l.apart && !l.wasApart && l.volume.plain() && !l.injects(tap.Heard)
}

// serveClass makes what the listeners of a class hear.
func (x *mix) serveClass(w *floor, c *encode.Class, gain mixminus.Gain) {
	if c.Heard() {
		c.Encode(&w.batches, w.bus.Plain(c.Rate(), gain), x.frames, w.now.Tick)
	}
}
