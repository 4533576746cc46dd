package room

import (
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/clip"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// MaxQueued bounds the playbacks that wait in a room.
const MaxQueued = 32

// FirstAnnouncement is above the numbers of ports: a room's playbacks have numbers of their
// own among those who are heard.
const FirstAnnouncement = 1 << 31

// announcer is a room's playbacks, one after the other.
type announcer struct {
	clip   clip.Playback
	to     audience.Set // who hears it
	number uint32       // among those who are heard
	public bool
	waits  bool // until it is settled who hears it
	ended  bool // in this frame
	queue  []Announcement
}

// Announcement is a clip that is to be played to a room.
type Announcement struct {
	Clip *clip.Clip
	Opts clip.Options
	To   audience.Set
}

// Play begins a playback, or queues it behind those there are.
func (x *Room) Play(w *Floor, next Announcement, queue bool) {
	a := &x.announcer
	if !queue {
		x.StopPlay(w)
	}
	a.queue = append(a.queue, next)
	switch {
	case !x.Open:
		x.StopPlay(w)
	case !a.clip.On():
		x.playNext()
	}
}

// playNext begins the first playback of the queue, if there is one.
func (x *Room) playNext() {
	a := &x.announcer
	if len(a.queue) == 0 {
		return
	}
	next := a.queue[0]
	a.queue = append(a.queue[:0], a.queue[1:]...)
	a.clip.Begin(next.Clip, next.Opts, rates.Hz[0])
	a.to = next.To
	a.number, a.public, a.waits = FirstAnnouncement|uint32(next.Opts.Number), true, false
	if to := next.To; to.Reach != audience.All {
		x.rerouting()
		x.Hearing.HeardBy(a.number, to.Reach, to.Ports)
		a.public, a.waits = x.Hearing.Public(a.number), true
	}
}

// StopPlay ends the playback under way and those that wait.
func (x *Room) StopPlay(w *Floor) {
	a := &x.announcer
	if a.clip.On() {
		x.played(w, false)
	}
	for _, q := range a.queue {
		a.clip.Begin(q.Clip, q.Opts, rates.Hz[0])
		x.Tell(w, a.clip.Done(false))
	}
	clear(a.queue)
	a.queue = a.queue[:0]
}

// played ends a playback.
func (x *Room) played(w *Floor, completed bool) {
	a := &x.announcer
	if a.to.Reach != audience.All {
		x.rerouting()
		x.Hearing.Forget(a.number)
	}
	x.Tell(w, a.clip.Done(completed))
}

// announce adds a frame of the room's playback, at every rate from its own samples.
func (x *Room) announce(w *Floor) {
	a := &x.announcer
	w.played = [rates.Count][]int16{}
	if !a.clip.On() || x.Size() == 0 { // nobody would hear it
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
