package mixer

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

const (
	// usurpMargin, in dB, is how much louder than one who is heard somebody must be to
	// take its place.
	usurpMargin = 3
	// lieMargin, in dB, is how far what a sender claims of its level may be from what is
	// decoded: it tells of its own frame, before its codec.
	lieMargin = 15
	// lieOfSilence is what it costs to say silence and speak, which nobody would hear: a
	// sender has a few.
	lieOfSilence = liesBelieved/2 + 1
	// auditFrames is how often one who claims silence is decoded all the same: 2 s.
	auditFrames = 100
)

// weight is what a room knows of a member's voice before it decodes it, and what that
// knowledge is worth.
type weight struct {
	peak    uint8         // −dBov, the loudest of late, falling by 1 dB in a frame
	now     playout.Level // before decoding
	chosen  bool          // to be heard in this frame
	heard   bool          // was, in the last
	full    bool          // the last frame went into the sum to its end
	decoded bool          // pcm and spoke are of this frame
	spoke   bool
	pcm     []int16
	audit   uint8 // frames of claimed silence
}

// begin forgets what was heard elsewhere. Members are audited in turn.
func (v *weight) begin(nth int) {
	*v = weight{peak: dsp.Silence, audit: uint8(nth * 37 % auditFrames)}
}

// weigh finds out whether a member speaks, and puts those who may be heard, or were,
// among the candidates. Where nothing else tells it is decoded for that.
func (x *mix) weigh(w *floor, l *member) {
	v := &l.weight
	l.voice, l.talking = nil, false
	if l.closing && !v.heard {
		l.listen(w) // its voice has faded
	}
	v.chosen, v.decoded = false, false
	if !l.playout.On() {
		v.heard, v.full = false, false
		return
	}
	v.now = l.playout.Level(&w.memory, w.now.At())
	if l.injects(tap.Said) { // what its packets tell is not all
		v.now = playout.Level{DBov: playout.Unknown}
	}
	level := v.now.DBov
	if level == playout.Unknown || v.now.Claimed && v.audited(level > x.cfg.activity.Threshold) {
		level = l.decode(w)
	}
	if !v.decoded && l.taps != nil && l.taps.Wants(tap.Said) {
		l.decode(w) // for the taps
	}
	l.level = level
	switch active := l.gate.Active(x.cfg.activity, level); {
	case active && !l.closing:
		v.peak = min(v.peak+1, level)
		v.chosen = true
	case v.heard:
		v.peak = dsp.Silence
	default:
		v.peak = dsp.Silence
		l.unheard(w)
		return
	}
	w.candidates = append(w.candidates, l)
	if v.decoded && v.spoke {
		w.keepFrame()
	}
}

// audited reports, now and then, that a claim of silence is to be looked into.
func (v *weight) audited(silent bool) bool {
	if !silent || v.heard {
		v.audit = 0
		return false
	}
	v.audit++
	if v.audit < auditFrames {
		return false
	}
	v.audit = 0
	return true
}

// elect leaves chosen the loudest candidates, as many as the room hears. Who is heard
// already stays while nobody is louder by a margin. Whom somebody listens to in
// particular is heard beside them.
func (x *mix) elect(w *floor) {
	most := x.most
	if len(w.candidates) <= most {
		return
	}
	var count [dsp.Silence + usurpMargin + 1]int
	for _, l := range w.candidates {
		if l.weight.chosen && !l.wanted {
			count[l.rank()]++
		}
	}
	last := 0 // rank that is chosen, as far as there is room
	for ; last < len(count)-1 && count[last] <= most; last++ {
		most -= count[last]
	}
	for _, l := range w.candidates {
		v := &l.weight
		switch rank := l.rank(); {
		case !v.chosen || l.wanted || rank < last:
		case rank == last && most > 0:
			most--
		default:
			v.chosen = false
		}
	}
}

// rank orders candidates, the loudest first.
func (l *member) rank() int {
	peak := min(max(int(l.weight.peak)-l.gain.db, 0), dsp.Silence)
	if l.weight.heard {
		return peak
	}
	return peak + usurpMargin
}

// hear adds a candidate that is chosen to the sum. One that was in the sum fades out
// of it in the first 5 ms of a last frame, and fades in likewise.
func (x *mix) hear(w *floor, l *member) {
	v := &l.weight
	was := v.heard
	v.heard = v.chosen
	if !v.chosen && !was {
		l.unheard(w)
		return
	}
	if !v.decoded {
		if l.level = l.decode(w); v.spoke {
			w.keepFrame()
		}
	}
	l.verify(x.cfg.activity.Threshold)
	l.loudest = min(l.loudest, l.level)
	says := v.chosen || v.full
	l.talking = says && (l.public || l.wasPublic)
	if l.talking {
		w.talkers = append(w.talkers, l)
	}
	if v.spoke && says {
		l.gain.apply(v.pcm)
		switch {
		case !v.chosen:
			mixminus.FadeOut(v.pcm, l.rate)
		case !v.full:
			mixminus.FadeIn(v.pcm, l.rate)
		}
		x.say(w, l)
	}
	v.full = v.spoke && v.chosen
}

// unheard lets the member's frame go by.
func (l *member) unheard(w *floor) {
	v := &l.weight
	v.heard, v.full = false, false
	l.loudest = min(l.loudest, l.level)
	if !v.decoded {
		l.playout.Pass(&w.memory, w.now.At())
	}
}

// decode makes the member's frame, and returns its level.
func (l *member) decode(w *floor) uint8 {
	v := &l.weight
	v.pcm, v.decoded = w.nextFrame(l.rate), true
	var err error
	if v.spoke, err = l.playout.Frame(&w.memory, v.pcm[:cap(v.pcm)], w.now.At()); err != nil {
		l.failSoon(&w.bench, err)
	}
	if l.taps != nil {
		w.keepFrame()
		v.spoke = l.mixSaid(&w.bench, v.pcm, l.rate, v.spoke)
		w.dropFrame()
	}
	switch {
	case !v.spoke:
		return dsp.Silence
	case v.now.DBov != playout.Unknown && !v.now.Claimed:
		return v.now.DBov // as good as measured
	}
	return dsp.LevelDBov(v.pcm)
}

// verify holds what the peer claimed of a frame against what was decoded.
func (l *member) verify(threshold uint8) {
	v := &l.weight
	if !v.now.Claimed || !v.spoke {
		return
	}
	said, is := int(v.now.DBov), int(l.level)
	switch {
	case l.wrong >= liesBelieved:
	case said <= int(threshold) && is > said+lieMargin:
		if l.wrong++; l.wrong == liesBelieved {
			l.gate, v.peak = dsp.Activity{}, l.level // it has no say in the hangover either
		}
	case is <= int(threshold) && said > is+lieMargin:
		l.wrong += lieOfSilence
	case l.wrong > 0:
		l.wrong--
	}
}
