package link

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Link is a pair's state at its worker: two legs that hear each other, or one
// that hears itself.
type Link struct {
	Ends    [2]*leg.Leg
	Stats   Stats
	Closed  bool
	changed bool // choose before the next tick
}

// Add takes a leg in; false when the link is closed or full.
func (k *Link) Add(w *leg.Bench, l *leg.Leg) bool {
	free := slices.Index(k.Ends[:], nil)
	if k.Closed || free < 0 {
		return false
	}
	k.Ends[free] = l
	l.Place, l.Host = leg.InLink, k
	k.Choose(w)
	return true
}

// Echo makes a link of a leg that hears itself.
func (k *Link) Echo(w *leg.Bench, l *leg.Leg) {
	*k = Link{Ends: [2]*leg.Leg{l, l}}
	l.Place, l.Host = leg.InLink, k
	k.Choose(w)
}

// Remove takes a leg out.
func (k *Link) Remove(w *leg.Bench, l *leg.Leg) {
	for i := range k.Ends {
		if k.Ends[i] == l {
			k.Ends[i] = nil
		}
	}
	l.Mode, l.Host, l.Peer, l.Source, l.Heard, l.Fades, l.Faded = leg.Idle, nil, nil, 0, false, false, false
	l.StopRelay(w)
	if !k.Empty() {
		k.Choose(w)
	}
}

// Empty reports whether nobody is in the link.
func (k *Link) Empty() bool { return k.Ends[0] == nil && k.Ends[1] == nil }

// Renew has the link choose before the next tick.
func (k *Link) Renew() { k.changed = true }

// peer is who a leg hears; itself in an echo.
func (k *Link) peer(l *leg.Leg) *leg.Leg {
	if k.Ends[0] == l {
		return k.Ends[1]
	}
	return k.Ends[0]
}

// Choose works out how each leg hears the other.
func (k *Link) Choose(w *leg.Bench) {
	k.changed = false
	for i, to := range k.Ends {
		if to == nil {
			continue
		}
		from := k.Ends[1-i]
		to.Peer = from
		if to.Video != nil {
			k.choosePassed(w, to, from)
			continue
		}
		mode, listens := hearsAs(to, from)
		if mode == leg.Idle && to.Sends && to.Transcodes() && to.Injects(tap.Heard) {
			mode = leg.PCM
		}
		if to.Mode == leg.Relay && mode != leg.Relay && !listens && endsSoftly(to, from) {
			continue
		}
		// A voice that is not to be heard any more fades in one more frame.
		to.Fades = mode == leg.PCM && to.Mode == leg.PCM && !listens && to.Heard && from != nil && from.Playout.On()
		if mode == leg.Relay && to.Mode == leg.PCM {
			to.Faded, to.Heard = to.Faded || !to.Heard, false
		}
		if mode != leg.Relay {
			to.StopRelay(w)
		}
		if mode != leg.PCM {
			to.Ear.DropOwn()
		}
		if listens && !(from.Playout.On() && to.Mode == leg.PCM) {
			to.Rephase = true
		}
		to.Mode = mode
		if from != nil {
			from.Playout.Listen(listens || to.Fades, to.Rate)
		} else {
			// Nobody hears it: what it says now must not count as lost when somebody does.
			to.Playout.Listen(false, to.Rate)
		}
	}
	var modes [2]leg.Mode
	for i, l := range k.Ends {
		if l != nil {
			modes[i] = l.Mode
		}
	}
	k.Stats.store(modes)
}

// endsSoftly has a relay that is to end in silence go on until its last packet has faded, where
// that can be.
func endsSoftly(to, from *leg.Leg) bool {
	return from != nil && from.Media.Direction.Receives() && from.Says(to.Media.Send.Codec) == to.Media.Send.Codec && to.EndsSoftly(from.In.Longest)
}

// choosePassed is Choose for media that is only passed on.
func (k *Link) choosePassed(w *leg.Bench, to, from *leg.Leg) {
	to.Mode = leg.Idle
	if from != nil && to.Sends && !to.Held && !from.Held && from.Media.Direction.Receives() && to.TakesFrom(from) {
		to.Mode = leg.Relay
	} else {
		to.StopRelay(w)
	}
}

// hearsAs is how to hears from, and whether that takes from's PCM.
func hearsAs(to, from *leg.Leg) (mode leg.Mode, listens bool) {
	switch {
	case from == nil || !to.Sends:
		return leg.Idle, false
	case to.Held || to.OutMuted || from.Held || from.InMuted:
		if to.Transcodes() {
			return leg.PCM, false
		}
		return leg.Idle, false
	case to.Clip.On() && to.Transcodes():
		return leg.PCM, false
	case !from.Media.Direction.Receives():
		return leg.Idle, false
	}
	says := from.Says(to.Media.Send.Codec)
	switch {
	case says == nil:
		return leg.Idle, false
	case says == to.Media.Send.Codec && (leg.Plain(from, to) && from.In.Longest <= to.LongestWanted() && to.RelaysNoise(from) || !says.Transcodable()):
		return leg.Relay, false
	case says.Transcodable() && to.Transcodes():
		return leg.PCM, true
	}
	return leg.Idle, false
}

// Run is one tick of the link. What is to be encoded waits in the worker.
func (k *Link) Run(w *leg.Bench) {
	if k.changed {
		k.Choose(w)
	}
	ends := k.Ends[:]
	if ends[0] == ends[1] {
		ends = ends[:1]
	}
	for _, l := range ends {
		if l != nil {
			w.Current = l
			l.Drain(w)
		}
	}
	for _, l := range ends {
		if l != nil && w.Now.Tick%pace.TicksPerFrame == l.Phase {
			w.Current = l
			k.frame(w, l, k.peer(l))
			if l.Taps != nil {
				l.TapFrame(w)
			}
			l.Housekeep(w)
		}
	}
	w.Current = nil
}

// frame makes what a leg hears in this frame, where packets are not relayed.
func (k *Link) frame(w *leg.Bench, l, from *leg.Leg) {
	if l.AwaitsLast() {
		return
	}
	if l.Fades && l.Mode == leg.Relay {
		// It did not come. What is heard instead begins with numbers that follow the relay's.
		l.Fades, l.Faded = false, true
		k.Choose(w)
	}
	early := l.Early(w)
	pcm, what := l.Special(w)
	fades := l.Fades && l.Mode == leg.PCM
	if what != leg.HearsTalk {
		l.Source = 0
	}
	if (what == leg.HearsTalk || early || fades) && l.Mode == leg.PCM && from != nil {
		own := pcm
		pcm = k.hear(w, l, from)
		if fades {
			pcm = w.FadeTo(pcm, own, l.Rate)
		}
		if own != nil {
			l.Source = 0
		}
		if what == leg.HearsTalk {
			what = leg.HearsOwn
		}
	}
	if l.Fades {
		l.Fades, l.Faded, l.Heard, k.changed = false, true, false, true
	}
	if what == leg.HearsTalk && l.Mode == leg.PCM && l.Injects(tap.Heard) {
		pcm, what = w.Silence[:l.Rate/50], leg.HearsOwn
	}
	// A frame that comes too early is dropped: kept, it would delay all that follow.
	if what == leg.HearsOwn && !early {
		w.Say(l, pcm)
	}
}

// hear makes what a leg hears of its peer.
func (k *Link) hear(w *leg.Bench, l, from *leg.Leg) []int16 {
	pcm := w.Frame(l.Rate)
	w.Current = from
	spoke := from.Playout.On() && from.Speak(w, pcm[:cap(pcm)])
	if from.Taps != nil && from.Playout.On() {
		spoke = from.MixSaid(w, pcm, l.Rate, spoke)
	}
	w.Current = l
	l.Heard = spoke
	if !spoke {
		return w.Silence[:l.Rate/50]
	}
	if l.Source = from.Playout.SourceRate(); from.Injects(tap.Said) {
		l.Source = 0
	}
	if !from.Gain.Plain() || !l.Volume.Plain() {
		from.Gain.Apply(pcm)
		l.Volume.Apply(pcm)
		k.changed = k.changed || leg.Plain(from, l)
	}
	if l.Faded {
		l.Faded = false
		mixminus.FadeIn(pcm, l.Rate)
	}
	return pcm
}
