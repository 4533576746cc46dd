package mixer

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// link is a pair's state at its worker: two legs that hear each other, or one
// that hears itself.
type link struct {
	ends    [2]*leg
	stats   pairStats
	closed  bool
	changed bool // choose before the next tick
}

// add takes a leg in; false when the link is closed or full.
func (k *link) add(w *bench, l *leg) bool {
	free := slices.Index(k.ends[:], nil)
	if k.closed || free < 0 {
		return false
	}
	k.ends[free] = l
	l.place, l.host = inLink, k
	k.choose(w)
	return true
}

// echo makes a link of a leg that hears itself.
func (k *link) echo(w *bench, l *leg) {
	*k = link{ends: [2]*leg{l, l}}
	l.place, l.host = inLink, k
	k.choose(w)
}

// remove takes a leg out.
func (k *link) remove(w *bench, l *leg) {
	for i := range k.ends {
		if k.ends[i] == l {
			k.ends[i] = nil
		}
	}
	l.mode, l.host, l.peer, l.heard, l.fades, l.faded = PairIdle, nil, nil, false, false, false
	l.stopRelay(w)
	if !k.empty() {
		k.choose(w)
	}
}

// empty reports whether nobody is in the link.
func (k *link) empty() bool { return k.ends[0] == nil && k.ends[1] == nil }

// renew has the link choose before the next tick.
func (k *link) renew() { k.changed = true }

// peer is who a leg hears; itself in an echo.
func (k *link) peer(l *leg) *leg {
	if k.ends[0] == l {
		return k.ends[1]
	}
	return k.ends[0]
}

// choose works out how each leg hears the other.
func (k *link) choose(w *bench) {
	k.changed = false
	for i, to := range k.ends {
		if to == nil {
			continue
		}
		from := k.ends[1-i]
		to.peer = from
		mode, listens := hearsAs(to, from)
		if mode == PairIdle && to.sends && to.transcodes() && to.injects(tap.Heard) {
			mode = PairPCM
		}
		// A voice that is not to be heard any more fades in one more frame.
		to.fades = mode == PairPCM && to.mode == PairPCM && !listens && to.heard && from != nil && from.playout.On()
		if mode != PairRelay {
			to.stopRelay(w)
		}
		if mode != PairPCM {
			to.ear.DropOwn()
		}
		if listens && !(from.playout.On() && to.mode == PairPCM) {
			to.rephase = true
		}
		to.mode = mode
		if from != nil {
			from.playout.Listen(listens || to.fades, to.rate)
		}
	}
	var modes [2]PairMode
	for i, l := range k.ends {
		if l != nil {
			modes[i] = l.mode
		}
	}
	k.stats.store(modes)
}

// hearsAs is how to hears from, and whether that takes from's PCM.
func hearsAs(to, from *leg) (mode PairMode, listens bool) {
	switch {
	case from == nil || !to.sends:
		return PairIdle, false
	case to.held || to.outMuted || from.held || from.inMuted:
		if to.transcodes() {
			return PairPCM, false
		}
		return PairIdle, false
	case to.clip.On() && to.transcodes():
		return PairPCM, false
	case !from.media.Direction.Receives():
		return PairIdle, false
	}
	says := from.says(to.media.Send.Codec)
	switch {
	case says == nil:
		return PairIdle, false
	case says == to.media.Send.Codec && (plain(from, to) && from.in.longest <= to.longestWanted() && to.relaysNoise(from) || !says.Transcodable()):
		return PairRelay, false
	case says.Transcodable() && to.transcodes():
		return PairPCM, true
	}
	return PairIdle, false
}

// run is one tick of the link. What is to be encoded waits in the worker.
func (k *link) run(w *bench) {
	if k.changed {
		k.choose(w)
	}
	ends := k.ends[:]
	if ends[0] == ends[1] {
		ends = ends[:1]
	}
	for _, l := range ends {
		if l != nil {
			w.current = l
			l.drain(w)
		}
	}
	for _, l := range ends {
		if l != nil && w.now.Tick%pace.TicksPerFrame == l.phase {
			w.current = l
			k.frame(w, l, k.peer(l))
			if l.taps != nil {
				l.tapFrame(w)
			}
			l.housekeep(w)
		}
	}
	w.current = nil
}

// frame makes what a leg hears in this frame, where packets are not relayed.
func (k *link) frame(w *bench, l, from *leg) {
	early := l.early(w)
	pcm, what := l.special(w)
	fades := l.fades && l.mode == PairPCM
	if (what == hearsTalk || early || fades) && l.mode == PairPCM && from != nil {
		own := pcm
		pcm = k.hear(w, l, from)
		if fades {
			pcm = w.fadeTo(pcm, own, l.rate)
		}
		if what == hearsTalk {
			what = hearsOwn
		}
	}
	if l.fades {
		l.fades, l.faded, l.heard, k.changed = false, true, false, true
	}
	if what == hearsTalk && l.mode == PairPCM && l.injects(tap.Heard) {
		pcm, what = w.silence[:l.rate/50], hearsOwn
	}
	// A frame that comes too early is dropped: kept, it would delay all that follow.
	if what == hearsOwn && !early {
		w.say(l, pcm)
	}
}

// hear makes what a leg hears of its peer.
func (k *link) hear(w *bench, l, from *leg) []int16 {
	pcm := w.frame(l.rate)
	w.current = from
	spoke := from.playout.On() && from.speak(w, pcm[:cap(pcm)])
	if from.taps != nil && from.playout.On() {
		spoke = from.mixSaid(w, pcm, l.rate, spoke)
	}
	w.current = l
	l.heard = spoke
	if !spoke {
		return w.silence[:l.rate/50]
	}
	if !from.gain.plain() || !l.volume.plain() {
		from.gain.apply(pcm)
		l.volume.apply(pcm)
		k.changed = k.changed || plain(from, l)
	}
	if l.faded {
		l.faded = false
		mixminus.FadeIn(pcm, l.rate)
	}
	return pcm
}
