package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// Who hears whom. All public voices are in the room's bus, which everyone hears who is not
// apart. Who is apart has a sum of its own, of the voices that it hears. A change takes one
// frame, in which the room knows how it was and how it is: voices fade, and who goes from
// one sum to another hears one fade into the other.

// routing is where a member stands among who hears whom, in this frame and the last.
type routing struct {
	public, wasPublic bool // heard by all who are not apart
	apart, wasApart   bool // hears something else than all public voices
	wanted            bool // somebody listens to it in particular
	audible           bool // anybody may hear it

	aside *mixminus.Aside // while it is apart
	mix   []int16         // what it hears apart, in this frame
}

// voice is what somebody said in a frame.
type voice struct {
	number uint32 // of the port
	at     int    // its rate
	pcm    []int16
	gone   bool // the port has left: who heard it hears its end
}

// parting is the end of the voice of one who has left.
type parting struct {
	voice
	public bool
}

// rerouting is called before the matrix changes.
func (x *mix) rerouting() {
	if !x.rerouted {
		x.rerouted = true
		x.heard.CopyFrom(&x.hearing)
	}
	x.changed = true
}

// heardBy says by whom a member is heard from now on.
func (x *mix) heardBy(member uint32, who audience.Set) {
	x.rerouting()
	x.hearing.HeardBy(member, who.Reach, who.Ports)
}

// hears says whom a member hears from now on.
func (x *mix) hears(member uint32, whom audience.Set) {
	x.rerouting()
	x.hearing.Hears(member, whom.Reach, whom.Ports)
}

// route works out where a member stands, after a change.
func (x *mix) route(l *member) {
	r, was := &l.routing, &x.hearing
	n := l.number
	if x.rerouted {
		was = &x.heard
	}
	r.public, r.wasPublic = x.hearing.Public(n), was.Public(n)
	r.apart, r.wasApart = x.hearing.Apart(n), was.Apart(n)
	r.wanted, r.audible = x.hearing.Wanted(n), x.hearing.Audible(n)
	at := rates.Index(l.rate)
	switch {
	case !r.apart && !r.wasApart || at < 0:
		r.aside = nil
		return
	case r.aside == nil || r.aside.Rate() != at:
		r.aside = mixminus.NewAside(at)
	}
	x.asides++
}

// buildAsides makes the filters of those who are apart.
func (x *mix) buildAsides() {
	if x.asides == 0 {
		return
	}
	for _, l := range x.members {
		if l.routing.aside != nil {
			l.routing.aside.Build(x.tree.Spoken)
		}
	}
}

// say adds a member's frame to what is heard. It fades where who hears it changes.
func (x *mix) say(w *floor, l *member) {
	r, pcm := &l.routing, l.weight.pcm
	w.voices = append(w.voices, voice{number: l.number, at: rates.Index(l.rate), pcm: pcm})
	switch {
	case !r.public && (!r.wasPublic || !l.weight.full):
		return
	case r.public != r.wasPublic:
		pcm = w.frame(l.rate)
		copy(pcm, l.weight.pcm)
		if r.public {
			mixminus.FadeIn(pcm, l.rate)
		} else {
			mixminus.FadeOut(pcm, l.rate)
		}
	}
	l.voice = pcm
	w.bus.Say(rates.Index(l.rate), pcm)
}

// part lets the voice of a member who leaves fade out in the room's next frame.
func (x *mix) part(w *floor, l *member) {
	if !l.weight.full || l.ended() || len(x.members) == 0 || !l.playout.On() || l.listened != l.rate {
		return
	}
	l.drain(&w.bench)
	pcm := w.nextFrame(l.rate)
	if spoke, err := l.playout.Frame(&w.memory, pcm[:cap(pcm)], w.now.At()); !spoke || err != nil {
		return // a decoder that cannot be made is the port's trouble where it goes next
	}
	l.gain.apply(pcm)
	mixminus.FadeOut(pcm, l.rate)
	own := voice{number: l.number, at: rates.Index(l.rate), pcm: append([]int16(nil), pcm...), gone: true}
	x.partings = append(x.partings, parting{own, x.hearing.Public(l.number)})
}

// sayPartings adds the ends of the voices of those who have left.
func (x *mix) sayPartings(w *floor) {
	for i := range x.partings {
		p := &x.partings[i]
		w.voices = append(w.voices, p.voice)
		if p.public {
			w.bus.Say(p.at, p.pcm)
		}
	}
}

// mixAsides makes what each member hears who is apart.
func (x *mix) mixAsides(w *floor) {
	if x.asides == 0 {
		return
	}
	for _, l := range x.members {
		if l.routing.aside != nil {
			w.current = &l.leg
			x.mixAside(w, l)
		}
	}
	w.current = nil
}

func (x *mix) mixAside(w *floor, l *member) {
	r, bus := &l.routing, w.asideBus
	// Who was not apart in the last frame begins with what it shall hear, who will not be
	// in the next ends with what it has heard.
	was := &x.hearing
	if x.rerouted {
		was = &x.heard
	}
	now, before := &x.hearing, was
	switch {
	case !r.apart:
		now = was
	case !r.wasApart:
		before = now
	}
	r.aside.Begin(bus)
	for i := range w.voices {
		v := &w.voices[i]
		if v.number == l.number {
			continue
		}
		if v.gone {
			if was.Heard(l.number, v.number) {
				bus.Say(v.at, v.pcm)
			}
			continue
		}
		hears, heard := now.Heard(l.number, v.number), before.Heard(l.number, v.number)
		if hears || heard {
			bus.Say(v.at, w.faded(v.pcm, rates.Hz[v.at], hears, heard))
		}
	}
	r.aside.Total(bus)
	if pcm := w.played[r.aside.Rate()]; pcm != nil && now.Heard(l.number, x.announcer.number) {
		bus.Play(r.aside.Rate(), pcm)
	}
	r.mix = w.frame(l.rate)
	r.aside.Mix(bus, r.mix)
}

// faded is a voice for one who hears it now and has heard it before, or one of both.
func (w *floor) faded(pcm []int16, hz int, now, before bool) []int16 {
	if now && before {
		return pcm
	}
	own := w.frame(hz)
	copy(own, pcm)
	if now {
		mixminus.FadeIn(own, hz)
	} else {
		mixminus.FadeOut(own, hz)
	}
	return own
}

// listen gives what a member hears of the room in this frame, in PCM of its own.
func (x *mix) listen(w *floor, l *member, gain mixminus.Gain) []int16 {
	r := &l.routing
	if r.apart && r.wasApart {
		return r.mix
	}
	pcm := l.voice
	if pcm == nil {
		pcm = w.frame(l.rate)
	}
	w.bus.Minus(pcm, l.class.Rate(), l.voice, gain)
	switch {
	case r.apart:
		mixminus.Cross(pcm, r.mix, l.rate)
		return r.mix
	case r.wasApart:
		mixminus.Cross(r.mix, pcm, l.rate)
	}
	return pcm
}

// settle ends a frame in which who hears whom has changed.
func (x *mix) settle(w *floor) {
	if len(x.partings) > 0 {
		clear(x.partings)
		x.partings, x.changed = x.partings[:0], true
	}
	if x.rerouted {
		x.rerouted, x.changed = false, true
	}
	if x.announcer.ended {
		x.announcer.ended = false
		x.played(w, true)
		x.playNext()
	}
}

// enterRoute says who hears a member who has come in, and whom it hears.
func (x *mix) enterRoute(l *member, opts entry) {
	if opts.heardBy.Reach == audience.All && opts.hears.Reach == audience.All && x.hearing.Empty() {
		return
	}
	x.rerouting()
	x.hearing.HeardBy(l.number, opts.heardBy.Reach, opts.heardBy.Ports)
	x.hearing.Hears(l.number, opts.hears.Reach, opts.hears.Ports)
}

// leaveRoute forgets what was said of a member who leaves. What is left of its voice fades
// for those who heard it.
func (x *mix) leaveRoute(l *member) {
	l.routing = routing{}
	if !x.hearing.Empty() {
		x.rerouting()
		x.hearing.Forget(l.number)
	}
}
