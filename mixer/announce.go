package mixer

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// maxQueued bounds the playbacks that wait in a room.
const maxQueued = 32

// firstAnnouncement is above the numbers of ports: a room's playbacks have numbers of their
// own among those who are heard.
const firstAnnouncement = 1 << 31

// announcer is a room's playbacks, one after the other.
type announcer struct {
	clip   clip.Playback
	to     audience.Set // who hears it
	number uint32       // among those who are heard
	public bool
	waits  bool // until it is settled who hears it
	ended  bool // in this frame
	queue  []announcement
}

type announcement struct {
	clip *clip.Clip
	opts clip.Options
	to   audience.Set
}

// play begins a playback, or queues it behind those there are.
func (x *mix) play(w *floor, next announcement, queue bool) {
	a := &x.announcer
	if !queue {
		x.stopPlay(w)
	}
	a.queue = append(a.queue, next)
	switch {
	case !x.open:
		x.stopPlay(w)
	case !a.clip.On():
		x.playNext()
	}
}

// playNext begins the first playback of the queue, if there is one.
func (x *mix) playNext() {
	a := &x.announcer
	if len(a.queue) == 0 {
		return
	}
	next := a.queue[0]
	a.queue = append(a.queue[:0], a.queue[1:]...)
	a.clip.Begin(next.clip, next.opts, rates.Hz[0])
	a.to = next.to
	a.number, a.public, a.waits = firstAnnouncement|uint32(next.opts.Number), true, false
	if to := next.to; to.Reach != audience.All {
		x.rerouting()
		x.hearing.HeardBy(a.number, to.Reach, to.Ports)
		a.public, a.waits = x.hearing.Public(a.number), true
	}
}

// stopPlay ends the playback under way and those that wait.
func (x *mix) stopPlay(w *floor) {
	a := &x.announcer
	if a.clip.On() {
		x.played(w, false)
	}
	for _, q := range a.queue {
		a.clip.Begin(q.clip, q.opts, rates.Hz[0])
		x.tell(w, a.clip.Done(false))
	}
	clear(a.queue)
	a.queue = a.queue[:0]
}

// played ends a playback.
func (x *mix) played(w *floor, completed bool) {
	a := &x.announcer
	if a.to.Reach != audience.All {
		x.rerouting()
		x.hearing.Forget(a.number)
	}
	x.tell(w, a.clip.Done(completed))
}

// announce adds a frame of the room's playback, at every rate from its own samples.
func (x *mix) announce(w *floor) {
	a := &x.announcer
	w.played = [rates.Count][]int16{}
	if !a.clip.On() || len(x.members) == 0 { // nobody would hear it
		return
	}
	if a.waits {
		a.waits = false
		return
	}
	at := a.clip.Position()
	for i := rates.Count - 1; i > 0; i-- {
		if !x.tree.Heard[i] {
			continue
		}
		p := a.clip
		p.SetRate(rates.Hz[i])
		p.Seek(at)
		w.played[i], _ = p.Next(w.playing[i][:rates.Frame(i)])
	}
	// The playback itself goes by 8 kHz, a whole number of samples at all rates.
	pcm, done := a.clip.Next(w.playing[0][:rates.Frame(0)])
	if x.tree.Heard[0] {
		w.played[0] = pcm
	}
	for i, pcm := range w.played {
		if pcm != nil && a.public {
			w.bus.Play(i, pcm)
		}
	}
	a.ended = done
}
