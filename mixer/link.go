package mixer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// link is a pair's state at its worker: two legs that hear each other, or one
// that hears itself.
type link struct {
	traveller
	pair    *Pair // nil for an echo
	ends    [2]*leg
	at      int32 // in the worker's list, while linked
	linked  bool
	closed  bool
	changed bool // choose before the next tick
}

// add takes a leg in; false when the link is closed or full.
func (k *link) add(w *worker, l *leg) bool {
	free := -1
	for i := range k.ends {
		if k.ends[i] == nil {
			free = i
			break
		}
	}
	if k.closed || free < 0 {
		return false
	}
	k.ends[free] = l
	l.place, l.link = inLink, k
	l.home.Store(&k.pair.home)
	l.phase = w.quietPhase()
	if !k.linked {
		w.addLink(k)
	}
	k.choose(w)
	return true
}

// remove takes a leg out.
func (k *link) remove(w *worker, l *leg) {
	for i := range k.ends {
		if k.ends[i] == l {
			k.ends[i] = nil
		}
	}
	l.home.Store(&w.base)
	l.mode, l.link, l.heard, l.fades, l.faded = PairIdle, nil, false, false, false
	l.stopRelay(w)
	if k.ends[0] == nil && k.ends[1] == nil {
		w.removeLink(k)
		return
	}
	k.choose(w)
}

// close makes the link's legs idle.
func (k *link) close(w *worker) {
	k.closed = true
	w.homes.Add(-1)
	for _, l := range k.ends {
		if l != nil {
			l.idle(w)
		}
	}
}

// peer is who a leg hears; itself in an echo.
func (k *link) peer(l *leg) *leg {
	if k.ends[0] == l {
		return k.ends[1]
	}
	return k.ends[0]
}

// choose works out how each leg hears the other.
func (k *link) choose(w *worker) {
	k.changed = false
	for i, to := range k.ends {
		if to == nil {
			continue
		}
		from := k.ends[1-i]
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
	if k.pair != nil {
		k.pair.stats.store(k)
	}
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

// plain reports whether a voice passes as it is.
func plain(from, to *leg) bool {
	return from.gain.plain() && to.volume.plain() && !from.injects(tap.Said) && !to.injects(tap.Heard)
}

// longestWanted is how much audio a packet that is relayed to the leg may hold: what
// was negotiated, and at least a frame, which is what most send and all can take.
func (l *leg) longestWanted() time.Duration {
	if l.media.Send.Ptime == 0 {
		return media.MaxPacketAudio
	}
	return max(l.media.Send.Ptime, media.FrameDuration)
}

// measure looks whether the packet in w.header, which is to be relayed, is longer
// than the peer wants. Then the leg is decoded from here on, and cut anew.
func (l *leg) measure(w *worker, to *leg) {
	c := l.in.codec
	if to.media.Send.Ptime == 0 || c.PayloadDuration == nil {
		return
	}
	length := c.PayloadDuration(w.header.Payload)
	if length > l.in.longest && length <= media.MaxPacketAudio {
		if l.in.longest = length; length > to.longestWanted() {
			l.link.choose(w)
		}
	}
}

// says is the codec that the leg speaks, as far as that is known; before its first
// packet the one that suits best of those it may choose.
func (l *leg) says(best *media.Codec) *media.Codec {
	if l.in.codec != nil {
		return l.in.codec
	}
	for _, f := range l.media.Receive {
		if f.Codec == best {
			return best
		}
	}
	if len(l.media.Receive) == 0 {
		return nil
	}
	return l.media.Receive[0].Codec
}

// run is one tick of the link. What is to be encoded waits in the worker.
func (k *link) run(w *worker) {
	if k.ran >= w.now.Tick {
		return // at another worker
	}
	k.ran = w.now.Tick
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
			l.linkFrame(w, k.peer(l))
			if l.taps != nil {
				l.tapFrame(w)
			}
			l.housekeep(w)
		}
	}
	w.current = nil
}

// linkFrame makes what the leg hears in this frame, where packets are not relayed.
func (l *leg) linkFrame(w *worker, from *leg) {
	early := l.early(w)
	pcm, what := l.special(w)
	fades := l.fades && l.mode == PairPCM
	if (what == hearsTalk || early || fades) && l.mode == PairPCM && from != nil {
		own := pcm
		pcm = l.hear(w, from)
		if fades {
			pcm = w.fadeTo(pcm, own, l.rate)
		}
		if what == hearsTalk {
			what = hearsOwn
		}
	}
	if l.fades {
		l.fades, l.faded, l.heard, l.link.changed = false, true, false, true
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
func (l *leg) hear(w *worker, from *leg) []int16 {
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
		l.link.changed = l.link.changed || plain(from, l)
	}
	if l.faded {
		l.faded = false
		mixminus.FadeIn(pcm, l.rate)
	}
	return pcm
}

// fadeTo goes from one frame to another, or to silence, within 5 ms.
func (s *scratch) fadeTo(from, to []int16, hz int) []int16 {
	pcm := s.frame(hz)
	copy(pcm, to)
	if to == nil {
		clear(pcm)
	}
	out := s.frame(hz)
	copy(out, from)
	mixminus.Cross(out, pcm, hz)
	return pcm
}

// speak writes the leg's next frame into pcm; false while it says nothing.
func (l *leg) speak(w *worker, pcm []int16) bool {
	spoke, err := l.playout.Frame(&w.memory, pcm, w.now.At())
	if err != nil {
		l.failSoon(w, err)
	}
	return spoke
}

// passes handles a packet of audio for a leg in a link, unless it is to be decoded.
func (l *leg) passes(w *worker, ext uint32) bool {
	if l.place != inLink {
		return false
	}
	to := l.link.peer(l)
	if to != nil && to.mode == PairRelay {
		l.measure(w, to)
	}
	switch {
	case to == nil || to.mode == PairIdle:
		return true
	case to.mode == PairRelay:
		to.relayAudio(w, ext)
		return true
	}
	if to.rephase && l.playout.On() {
		// A tick of slack, so that jitter of a few milliseconds costs nothing.
		to.phase, to.rephase = (w.now.Tick+1)%pace.TicksPerFrame, false
	}
	return false
}

// chooseAgain is for a leg whose peer began to speak another codec.
func (l *leg) chooseAgain(w *worker) {
	if l.place == inLink {
		l.link.choose(w)
	}
}
