package room

import (
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

const (
	// usurpMargin, in dB, is how much louder than one who is heard somebody must be to
	// take its place.
	usurpMargin = 3
	// tenure is for how many frames somebody who has come in is not to be disturbed, 400 ms,
	// as long as a word; who does must be louder by newMargin more, in dB.
	tenure    = 20
	newMargin = 12
	// lieMargin, in dB, is how far what a sender claims of its level may be from what is
	// decoded: it tells of its own frame, before its codec.
	lieMargin = 15
	// lieOfSilence is what it costs to say silence and speak, which nobody would hear: a
	// sender has a few.
	lieOfSilence = leg.LiesBelieved/2 + 1
	// hushed, in −dBov, is how loud a frame may be that was not heard for the next to begin
	// without a fade: as loud as the step between them can be.
	hushed = 45
	// AuditFrames is how often one who claims silence is decoded all the same: 2 s.
	AuditFrames = 100
	// AuditAgreed is how many times as rarely one is decoded whose packets tell by themselves
	// that there is no voice in them: to decode one frame is to decode what warms the decoder
	// too, and of hundreds who listen that would be most of a room's work. An encoder finds
	// no voice in steady tones either, so that it is not the last word.
	AuditAgreed = 5
)

// weight is what a room knows of a member's voice before it decodes it, and what that
// knowledge is worth.
type weight struct {
	peak    uint8         // −dBov, the loudest of late, falling by 1 dB in a frame
	now     playout.Level // before decoding
	Chosen  bool          // to be heard in this frame
	tenure  uint8         // frames for which who has come in is not to be disturbed
	heard   bool          // was, in the last
	full    bool          // the last frame went into the sum to its end
	hushed  bool          // the last frame was there, and silence
	follows bool          // this frame comes after such a one
	decoded bool          // pcm and spoke are of this frame
	spoke   bool
	pcm     []int16
	at      int64    // tick of the last frame that went by
	carried *carried // nil while the member never was lent
	audit   uint8    // frames of claimed silence
	agreed  uint8    // times that packets were found to say so too
}

// begin forgets what was heard elsewhere. Members are audited in turn.
func (v *weight) begin(nth int) {
	*v = weight{peak: dsp.Silence, audit: uint8(nth * 37 % AuditFrames), agreed: uint8(nth % AuditAgreed)}
}

// weigh finds out whether a member speaks, and puts those who may be heard, or were,
// among the candidates. Where nothing else tells it is decoded for that.
func (x *Room) weigh(w *Floor, l *Member) {
	v := &l.Weight
	l.voice, l.Talking = nil, false
	if l.closing && !v.heard {
		l.listen(w) // its voice has faded
	}
	v.Chosen, v.decoded = false, false
	gone := v.at >= w.Now.Tick // while the member was away
	v.turn(w.Now.Tick)
	if gone || !l.Playout.On() {
		v.heard, v.full = false, false
		v.drop()
		return
	}
	level := l.estimate(w, x.Config.Activity.Threshold)
	if !v.decoded && l.Taps != nil && l.Taps.Wants(tap.Said) {
		l.decode(w) // for the taps
	}
	l.Level = level
	switch active := l.gate.Active(x.Config.Activity, level); {
	case active && !l.closing:
		v.peak = min(v.peak+1, level)
		v.Chosen = true
		l.stirred = int32(w.Now.Tick)
	case v.heard:
		v.peak = dsp.Silence
	default:
		l.lapse(w)
		return
	}
	w.candidates = append(w.candidates, l)
	if v.decoded && v.spoke {
		w.KeepFrame()
	}
}

// turn goes on to the frame of a tick. While the member was away the last one may have been
// that of a tick before the room's.
func (v *weight) turn(tick int64) {
	v.follows, v.hushed = v.hushed && tick-v.at < 2*pace.TicksPerFrame, false
	v.at = tick
}

// estimate finds out how loud the member's frame is. Where nothing else tells it is decoded
// for that.
func (l *Member) estimate(w *Floor, threshold uint8) uint8 {
	v := &l.Weight
	switch {
	case l.Injects(tap.Said): // what its packets tell is not all
		v.now = playout.Level{DBov: playout.Unknown}
	case v.carrying():
		v.now = v.carried.now
	default:
		v.now = l.Playout.Level(&w.Memory, w.Now.At())
	}
	level := v.now.DBov
	if level == playout.Unknown || v.now.Claimed && l.audited(w, level > threshold) {
		level = l.decode(w)
	}
	return level
}

// audited reports, now and then, that a claim of silence is to be looked into.
func (l *Member) audited(w *Floor, silent bool) bool {
	v := &l.Weight
	if !silent || v.heard {
		v.audit, v.agreed = 0, 0
		return false
	}
	v.audit++
	if v.audit < AuditFrames {
		return false
	}
	v.audit = 0
	if v.agreed++; v.agreed < AuditAgreed && l.Playout.Voiceless(&w.Memory, w.Now.At()) {
		return false
	}
	v.agreed = 0
	return true
}

// elect leaves chosen the loudest candidates, as many as the room hears. Who is heard
// already stays while nobody is louder by a margin. Whom somebody listens to in
// particular is heard beside them.
func (x *Room) elect(w *Floor) {
	most := x.most
	if len(w.candidates) <= most {
		return
	}
	var count [dsp.Silence + usurpMargin + 1]int
	for _, l := range w.candidates {
		if l.Weight.Chosen && !l.wanted {
			count[l.rank()]++
		}
	}
	last := 0 // rank that is chosen, as far as there is room
	for ; last < len(count)-1 && count[last] <= most; last++ {
		most -= count[last]
	}
	for _, l := range w.candidates {
		v := &l.Weight
		switch rank := l.rank(); {
		case !v.Chosen || l.wanted || rank < last:
		case rank == last && most > 0:
			most--
		default:
			v.Chosen = false
		}
	}
}

// rank orders candidates, the loudest first.
func (l *Member) rank() int {
	peak := min(max(int(l.Weight.peak)-l.Gain.DB, 0), dsp.Silence)
	switch {
	case l.Weight.tenure > 0:
		return max(peak-newMargin, 0)
	case l.Weight.heard:
		return peak
	}
	return peak + usurpMargin
}

// hear adds a candidate that is chosen to the sum. One that was in the sum fades out
// of it in the first 5 ms of a last frame, and fades in likewise.
func (x *Room) hear(w *Floor, l *Member) {
	v := &l.Weight
	was := v.heard
	v.heard = v.Chosen
	switch {
	case !v.Chosen:
		v.tenure = 0
	case !was:
		v.tenure = tenure
	case v.tenure > 0:
		v.tenure--
	}
	if !v.Chosen && !was {
		l.unheard(w)
		return
	}
	if !v.decoded {
		if l.Level = l.decode(w); v.spoke {
			w.KeepFrame()
		}
	}
	l.verify(x.Config.Activity.Threshold)
	l.Loudest = min(l.Loudest, l.Level)
	says := v.Chosen || v.full
	l.Talking = says && (l.public || l.wasPublic)
	if l.Talking {
		w.talkers = append(w.talkers, l)
	}
	if v.spoke && says {
		l.Gain.Apply(v.pcm)
		switch {
		case !v.Chosen:
			mixminus.FadeOut(v.pcm, l.Rate)
		case !v.full && !v.follows: // what went before was not heard, and was not silence
			mixminus.FadeIn(v.pcm, l.Rate)
		}
		x.say(w, l)
	}
	v.full = v.spoke && v.Chosen
}

// lapse lets the frame of a member go by who says nothing. If it was there, and nothing else
// makes its sender's word doubtful, the next one needs no fade: a voice begins as it does.
func (l *Member) lapse(w *Floor) {
	v := &l.Weight
	v.peak = dsp.Silence
	v.hushed = l.unheard(w) && l.Level > hushed && l.Wrong == 0
}

// unheard lets the member's frame go by, and reports whether there was one.
func (l *Member) unheard(w *Floor) (came bool) {
	v := &l.Weight
	v.heard, v.full = false, false
	l.Loudest = min(l.Loudest, l.Level)
	if !v.decoded {
		return l.Playout.Pass(&w.Memory, w.Now.At())
	}
	return v.spoke
}

// decode makes the member's frame, and returns its level.
func (l *Member) decode(w *Floor) uint8 {
	v := &l.Weight
	v.pcm, v.decoded = w.NextFrame(l.Rate), true
	if !v.carries() {
		var err error
		if v.spoke, err = l.Playout.Frame(&w.Memory, v.pcm[:cap(v.pcm)], w.Now.At()); err != nil {
			l.FailSoon(&w.Bench, err)
		}
	}
	if l.Taps != nil {
		w.KeepFrame()
		v.spoke = l.MixSaid(&w.Bench, v.pcm, l.Rate, v.spoke)
		w.DropFrame()
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
func (l *Member) verify(threshold uint8) {
	v := &l.Weight
	if !v.now.Claimed || !v.spoke {
		return
	}
	said, is := int(v.now.DBov), int(l.Level)
	switch {
	case l.Wrong >= leg.LiesBelieved:
	case said <= int(threshold) && is > said+lieMargin:
		if l.Wrong++; l.Wrong == leg.LiesBelieved {
			l.gate, v.peak = dsp.Activity{}, l.Level // it has no say in the hangover either
		}
	case is <= int(threshold) && said > is+lieMargin:
		l.Wrong += lieOfSilence
	case l.Wrong > 0:
		l.Wrong--
	}
}
