package mixer

import "github.com/skygenesisenterprise/skybridge/media/dsp"

// run is one frame of the room.
func (x *mix) run(w *worker) {
	if x.changed {
		x.rebuild(w)
	}
	x.frames++
	w.resetFrames()
	w.talkers = w.talkers[:0]
	w.plain = [len(clipRates)]bool{}
	for i := range clipRates {
		if x.spokenAt[i] || x.heardAt[i] {
			clear(w.sum[i][:clipRates[i]/50])
		}
	}
	for _, l := range x.members {
		w.current = l
		l.drain(w)
		x.hear(w, l)
	}
	w.current = nil
	x.total(w)
	from, to := x.limiter.Next(x.peak(w))
	for _, l := range x.members {
		w.current = l
		x.serve(w, l, from, to)
	}
	w.current = nil
	for _, c := range x.classes {
		x.serveClass(w, c, from, to)
	}
	w.flush()
	for _, l := range x.members {
		s := l.hearing
		if l.shares {
			s = l.class.stream
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

// hear decodes what a member says and, if it speaks, adds it to the sum.
func (x *mix) hear(w *worker, l *leg) {
	l.voice = nil
	if !l.playout.on {
		l.talking = false
		return
	}
	pcm := w.nextFrame(l.rate)
	level := uint8(dsp.Silence)
	spoke := l.frame(w, pcm[:cap(pcm)])
	if spoke {
		level = dsp.LevelDBov(pcm)
	}
	l.level = level
	l.loudest = min(l.loudest, level)
	l.talking = l.gate.Active(x.room.cfg.Activity, level)
	if !l.talking {
		return
	}
	w.talkers = append(w.talkers, l)
	if spoke {
		w.keepFrame()
		l.voice = pcm
		dsp.Accumulate(w.sum[rateIndex(l.rate)][:], pcm)
	}
}

// total adds up, for each rate that somebody listens at, what is said at all
// rates and what the room plays.
func (x *mix) total(w *worker) {
	for i := range clipRates {
		if x.heardAt[i] {
			n := clipRates[i] / 50
			copy(w.total[i][:n], w.sum[i][:n])
		}
	}
	for i := range x.bridges {
		b := &x.bridges[i]
		spoken := false
		for _, l := range w.talkers {
			if l.voice != nil && rateIndex(l.rate) == b.from {
				spoken = true
				break
			}
		}
		if !spoken && !b.ringing {
			continue
		}
		n := clipRates[b.to] / 50
		b.filter.Process(w.bridged[:n], w.sum[b.from][:clipRates[b.from]/50])
		dsp.Accumulate32(w.total[b.to][:n], w.bridged[:n])
		b.ringing = spoken
		if !spoken {
			b.filter.Reset()
		}
	}
	if x.clip.on {
		x.playFrame(w)
	}
}

// playFrame adds a frame of the room's playback, at every rate from its own
// samples.
func (x *mix) playFrame(w *worker) {
	if len(x.members) == 0 {
		return // nobody would hear it
	}
	at := x.clip.position()
	for i := len(clipRates) - 1; i > 0; i-- {
		if !x.heardAt[i] {
			continue
		}
		p := x.clip
		p.setRate(clipRates[i])
		p.seek(at)
		pcm, _ := p.next(w.playing[:clipRates[i]/50])
		dsp.Accumulate(w.total[i][:], pcm)
	}
	// The playback itself goes by 8 kHz, a whole number of samples at all rates.
	pcm, done := x.clip.next(w.playing[:clipRates[0]/50])
	if x.heardAt[0] {
		dsp.Accumulate(w.total[0][:], pcm)
	}
	if done {
		x.tell(w, x.clip.done(true))
	}
}

// peak is the largest magnitude that anyone will hear without a limiter.
func (x *mix) peak(w *worker) int32 {
	for _, c := range x.classes {
		c.begin()
	}
	peak := int32(0)
	for _, l := range w.talkers {
		if l.class == nil {
			continue
		}
		l.class.talkers++
		if l.voice != nil {
			peak = max(peak, dsp.PeakMinus(w.total[l.class.rate][:], l.voice))
		}
	}
	var done [len(clipRates)]bool
	for _, c := range x.classes {
		if c.members > c.talkers && !done[c.rate] {
			done[c.rate] = true
			peak = max(peak, dsp.Peak(w.total[c.rate][:clipRates[c.rate]/50]))
		}
	}
	return peak
}

// serve prepares what a member hears. from and to are the room's gain.
func (x *mix) serve(w *worker, l *leg, from, to int32) {
	l.hearing, l.shares = nil, false
	l.housekeep(w)
	pcm, what := l.special(w)
	c := l.class
	if what == hearsNothing || c == nil {
		return
	}
	if what == hearsTalk && !l.talking {
		c.listen(l, x.frames)
		l.heard = x.frames
		return
	}
	independent, ok := c.part(w, l, x.frames)
	if !ok {
		return
	}
	l.heard = x.frames
	if what == hearsTalk {
		if pcm = l.voice; pcm == nil {
			pcm = w.frame(l.rate)
		}
		dsp.MixRamp(pcm, w.total[c.rate][:], l.voice, from, to)
	}
	w.encode(l.own, pcm, independent)
}

// serveClass makes what the listeners of a class hear.
func (x *mix) serveClass(w *worker, c *class, from, to int32) {
	if c.listeners == 0 {
		return
	}
	pcm := w.mixed[c.rate][:clipRates[c.rate]/50]
	if !w.plain[c.rate] {
		w.plain[c.rate] = true
		dsp.MixRamp(pcm, w.total[c.rate][:], nil, from, to)
	}
	if c.ran+1 != x.frames {
		c.fresh = true
		c.stream.forget()
	}
	c.ran = x.frames
	w.encode(c.stream, pcm, c.fresh)
}
