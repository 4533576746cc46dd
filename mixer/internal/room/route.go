package room

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
func (x *Room) rerouting() {
	if !x.rerouted {
		x.rerouted = true
		x.heard.CopyFrom(&x.Hearing)
	}
	x.changed = true
}

// HeardBy says by whom a member is heard from now on.
func (x *Room) HeardBy(member uint32, who audience.Set) {
	x.rerouting()
	x.Hearing.HeardBy(member, who.Reach, who.Ports)
}

// Hears says whom a member hears from now on.
func (x *Room) Hears(member uint32, whom audience.Set) {
	x.rerouting()
	x.Hearing.Hears(member, whom.Reach, whom.Ports)
}

// route works out where a member stands, after a change.
func (x *Room) route(l *Member) {
	r, was := &l.routing, &x.Hearing
	n := l.Number
	if x.rerouted {
		was = &x.heard
	}
	r.public, r.wasPublic = x.Hearing.Public(n), was.Public(n)
	r.apart, r.wasApart = x.Hearing.Apart(n), was.Apart(n)
	r.wanted, r.audible = x.Hearing.Wanted(n), x.Hearing.Audible(n)
	at := rates.Index(l.Rate)
	switch {
	case !r.apart && !r.wasApart || at < 0:
		r.aside = nil
		return
	case r.aside == nil || r.aside.Rate() != at:
		r.aside = mixminus.NewAside(at)
	}
	x.Asides++
}

// buildAsides makes the filters of those who are apart.
func (x *Room) buildAsides() {
	if x.Asides == 0 {
		return
	}
	for _, l := range x.Members {
		if l.routing.aside != nil {
			l.routing.aside.Build(x.tree.Spoken)
		}
	}
}

// say adds a member's frame to what is heard. It fades where who hears it changes.
func (x *Room) say(w *Floor, l *Member) {
	r, pcm := &l.routing, l.Weight.pcm
	w.voices = append(w.voices, voice{number: l.Number, at: rates.Index(l.Rate), pcm: pcm})
	switch {
	case !r.public && (!r.wasPublic || !l.Weight.full):
		return
	case r.public != r.wasPublic:
		pcm = w.Frame(l.Rate)
		copy(pcm, l.Weight.pcm)
		if r.public {
			mixminus.FadeIn(pcm, l.Rate)
		} else {
			mixminus.FadeOut(pcm, l.Rate)
		}
	}
	l.voice = pcm
	w.bus.Say(rates.Index(l.Rate), pcm)
}

// part lets the voice of a member who leaves fade out in the room's next frame.
func (x *Room) part(w *Floor, l *Member) {
	if !l.Weight.full || l.Ended() || x.Size() == 0 || !l.Playout.On() || l.listened != l.Rate {
		return
	}
	l.Drain(&w.Bench)
	pcm := w.NextFrame(l.Rate)
	if spoke, err := l.Playout.Frame(&w.Memory, pcm[:cap(pcm)], w.Now.At()); !spoke || err != nil {
		return // a decoder that cannot be made is the port's trouble where it goes next
	}
	l.Gain.Apply(pcm)
	mixminus.FadeOut(pcm, l.Rate)
	own := voice{number: l.Number, at: rates.Index(l.Rate), pcm: append([]int16(nil), pcm...), gone: true}
	x.partings = append(x.partings, parting{own, x.Hearing.Public(l.Number)})
}

// sayPartings adds the ends of the voices of those who have left.
func (x *Room) sayPartings(w *Floor) {
	for i := range x.partings {
		p := &x.partings[i]
		w.voices = append(w.voices, p.voice)
		if p.public {
			w.bus.Say(p.at, p.pcm)
		}
	}
}

// mixAsides makes what each member hears who is apart.
func (x *Room) mixAsides(w *Floor) {
	if x.Asides == 0 {
		return
	}
	for _, l := range x.Members {
		if l.routing.aside != nil {
			w.Current = &l.Leg
			x.mixAside(w, l)
		}
	}
	w.Current = nil
}

func (x *Room) mixAside(w *Floor, l *Member) {
	r, bus := &l.routing, w.asideBus
	// Who was not apart in the last frame begins with what it shall hear, who will not be
	// in the next ends with what it has heard.
	was := &x.Hearing
	if x.rerouted {
		was = &x.heard
	}
	now, before := &x.Hearing, was
	switch {
	case !r.apart:
		now = was
	case !r.wasApart:
		before = now
	}
	r.aside.Begin(bus)
	for i := range w.voices {
		v := &w.voices[i]
		if v.number == l.Number {
			continue
		}
		if v.gone {
			if was.Heard(l.Number, v.number) {
				bus.Say(v.at, v.pcm)
			}
			continue
		}
		hears, heard := now.Heard(l.Number, v.number), before.Heard(l.Number, v.number)
		if hears || heard {
			bus.Say(v.at, w.faded(v.pcm, rates.Hz[v.at], hears, heard))
		}
	}
	r.aside.Total(bus)
	if pcm := w.played[r.aside.Rate()]; pcm != nil && now.Heard(l.Number, x.announcer.number) {
		bus.Play(r.aside.Rate(), pcm)
	}
	r.mix = w.Frame(l.Rate)
	r.aside.Mix(bus, r.mix)
}

// faded is a voice for one who hears it now and has heard it before, or one of both.
func (w *Floor) faded(pcm []int16, hz int, now, before bool) []int16 {
	if now && before {
		return pcm
	}
	own := w.Frame(hz)
	copy(own, pcm)
	if now {
		mixminus.FadeIn(own, hz)
	} else {
		mixminus.FadeOut(own, hz)
	}
	return own
}

// listen gives what a member hears of the room in this frame, in PCM of its own.
func (x *Room) listen(w *Floor, l *Member, gain mixminus.Gain) []int16 {
	r := &l.routing
	if r.apart && r.wasApart {
		return r.mix
	}
	pcm := l.voice
	if pcm == nil {
		pcm = w.Frame(l.Rate)
	}
	w.bus.Minus(pcm, l.Class.Rate(), l.voice, gain)
	switch {
	case r.apart:
		mixminus.Cross(pcm, r.mix, l.Rate)
		return r.mix
	case r.wasApart:
		mixminus.Cross(r.mix, pcm, l.Rate)
	}
	return pcm
}

// settle ends a frame in which who hears whom has changed.
func (x *Room) settle(w *Floor) {
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

// EnterRoute says who hears a member who has come in, and whom it hears.
func (x *Room) EnterRoute(l *Member, opts Entry) {
	if opts.HeardBy.Reach == audience.All && opts.Hears.Reach == audience.All && x.Hearing.Empty() {
		return
	}
	x.rerouting()
	x.Hearing.HeardBy(l.Number, opts.HeardBy.Reach, opts.HeardBy.Ports)
	x.Hearing.Hears(l.Number, opts.Hears.Reach, opts.Hears.Ports)
}

// leaveRoute forgets what was said of a member who leaves. What is left of its voice fades
// for those who heard it.
func (x *Room) leaveRoute(l *Member) {
	l.routing = routing{}
	if !x.Hearing.Empty() {
		x.rerouting()
		x.Hearing.Forget(l.Number)
	}
}
