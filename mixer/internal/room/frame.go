package room

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Run is one frame of the room.
func (x *Room) Run(w *Floor) {
	if x.changed {
		x.rebuild(w)
	}
	x.frames++
	w.ResetFrames()
	w.talkers, w.candidates, w.voices = w.talkers[:0], w.candidates[:0], w.voices[:0]
	x.tree.Begin(w.bus)
	x.sayPartings(w)
	for _, l := range x.Members {
		w.Current = &l.Leg
		l.Drain(&w.Bench)
		x.weigh(w, l)
	}
	w.Current = nil
	x.elect(w)
	for _, l := range w.candidates {
		w.Current = &l.Leg
		x.hear(w, l)
	}
	w.Current = nil
	x.tree.Total(w.bus)
	x.announce(w)
	x.mixAsides(w)
	gain := x.tree.Gain(x.peak(w))
	for _, l := range x.Members {
		w.Current = &l.Leg
		x.serve(w, l, gain)
		if l.Taps != nil {
			l.TapFrame(&w.Bench)
		}
	}
	w.Current = nil
	for _, c := range x.classes {
		x.serveClass(w, c, gain)
	}
	for _, t := range x.taps {
		t.Put(tap.Said, w.bus.Plain(rates.Index(t.Config().Rate), gain), t.Config().Rate)
		t.Commit(w.Now.Tick)
	}
	w.Batches.Flush(w.Now.Tick)
	x.handOut(w)
	for _, l := range x.Members {
		s := l.Ear.Hearing
		if l.Ear.Shares {
			s = l.Class.Stream()
		}
		if s != nil {
			w.Current = &l.Leg
			l.Send(&w.Bench, s)
		}
	}
	w.Current = nil
	x.settle(w)
	if x.frames%leg.PublishFrames == 0 {
		x.publish(w)
	}
}

// peak is the largest magnitude that anyone will hear without a limiter.
func (x *Room) peak(w *Floor) int32 {
	for _, c := range x.classes {
		c.Begin()
	}
	peak := int32(0)
	for _, l := range w.talkers {
		if l.Class == nil || l.apart {
			continue
		}
		l.Class.Talkers++
		if l.voice != nil {
			peak = max(peak, w.bus.PeakMinus(l.Class.Rate(), l.voice))
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
func (x *Room) serve(w *Floor, l *Member, gain mixminus.Gain) {
	l.Ear.Hearing, l.Ear.Shares = nil, false
	l.Housekeep(&w.Bench)
	pcm, what := l.Special(&w.Bench)
	c, lately := l.Class, l.lately
	if what == leg.HearsNothing || c == nil {
		l.lately = leg.HearsNothing
		return
	}
	l.lately = what
	fades := lately != what && lately != leg.HearsNothing
	if what == leg.HearsTalk && !fades && l.hearsPlain() {
		if l.Taps != nil {
			l.Taps.Hear(w.bus.Plain(c.Rate(), gain), l.Rate)
		}
		c.Listen(&l.Ear, x.frames)
		return
	}
	independent, err := c.Part(&l.Ear, x.frames)
	if err != nil {
		l.FailSoon(&w.Bench, err)
		return
	}
	switch {
	case what == leg.HearsTalk:
		pcm = x.listen(w, l, gain)
		if fades {
			mixminus.FadeIn(pcm, l.Rate)
		}
		l.Volume.Apply(pcm)
	case fades:
		own := w.Frame(l.Rate)
		copy(own, pcm)
		pcm = x.listen(w, l, gain)
		l.Volume.Apply(pcm)
		mixminus.Cross(pcm, own, l.Rate)
		pcm = own
	}
	if l.Taps != nil {
		pcm = l.MixHeard(&w.Bench, pcm)
	}
	w.Batches.Encode(l.Ear.Own, pcm, independent, w.Now.Tick)
}

// hearsPlain reports whether a member hears what all hear who say nothing.
func (l *Member) hearsPlain() bool {
	return !l.Talking && !l.apart && !l.wasApart && l.Volume.Plain() && !l.Injects(tap.Heard)
}

// serveClass makes what the listeners of a class hear.
func (x *Room) serveClass(w *Floor, c *encode.Class, gain mixminus.Gain) {
	if c.Heard() {
		c.Encode(&w.Batches, w.bus.Plain(c.Rate(), gain), x.frames, w.Now.Tick)
	}
}
