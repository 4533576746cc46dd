package mixer

import (
	"cmp"
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// maxQueued bounds the playbacks that wait in a room.
const maxQueued = 32

// firstAnnouncement is above the numbers of ports: a room's playbacks have numbers of their
// own among those who are heard.
const firstAnnouncement = 1 << 31

// announcer is a room's playbacks, one after the other.
type announcer struct {
	clip   playback
	number uint32 // among those who are heard
	public bool
	waits  bool // until it is settled who hears it
	ended  bool // in this frame
	queue  []announcement
}

type announcement struct {
	clip *Clip
	opts PlayOptions
}

// play begins a playback, or queues it behind those there are.
func (x *mix) play(w *worker, c *Clip, opts PlayOptions) {
	a := &x.announcer
	if !opts.Queue {
		x.stopPlay(w)
	}
	a.queue = append(a.queue, announcement{c, opts})
	switch {
	case !x.open:
		x.stopPlay(w)
	case !a.clip.on:
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
	a.clip.begin(next.clip, next.opts, rates.Hz[0])
	a.number, a.public, a.waits = firstAnnouncement|uint32(next.opts.number), true, false
	if to := next.opts.To; to.reach != audience.All {
		x.rerouting()
		x.hearing.HeardBy(a.number, to.reach, to.ports)
		a.public, a.waits = x.hearing.Public(a.number), true
	}
}

// stopPlay ends the playback under way and those that wait.
func (x *mix) stopPlay(w *worker) {
	a := &x.announcer
	if a.clip.on {
		x.played(w, false)
	}
	for _, q := range a.queue {
		a.clip.begin(q.clip, q.opts, rates.Hz[0])
		x.tell(w, a.clip.done(false))
	}
	clear(a.queue)
	a.queue = a.queue[:0]
}

// played ends a playback.
func (x *mix) played(w *worker, completed bool) {
	a := &x.announcer
	if a.clip.opts.To.reach != audience.All {
		x.rerouting()
		x.hearing.Forget(a.number)
	}
	x.tell(w, a.clip.done(completed))
}

// announce adds a frame of the room's playback, at every rate from its own samples.
func (x *mix) announce(w *worker) {
	a := &x.announcer
	w.played = [rates.Count][]int16{}
	if !a.clip.on || len(x.members) == 0 { // nobody would hear it
		return
	}
	if a.waits {
		a.waits = false
		return
	}
	at := a.clip.position()
	for i := rates.Count - 1; i > 0; i-- {
		if !x.tree.Heard[i] {
			continue
		}
		p := a.clip
		p.setRate(rates.Hz[i])
		p.seek(at)
		w.played[i], _ = p.next(w.playing[i][:rates.Frame(i)])
	}
	// The playback itself goes by 8 kHz, a whole number of samples at all rates.
	pcm, done := a.clip.next(w.playing[0][:rates.Frame(0)])
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

// program is what the control side remembers of a room's playbacks: their clips must be had
// at every rate until they are done.
type program struct {
	clips  []numbered // in order
	number uint64     // of the last
}

type numbered struct {
	clip   *Clip
	number uint64
}

// begin takes note of a playback and gives its number.
func (p *program) begin(c *Clip) uint64 {
	p.number++
	p.clips = append(p.clips, numbered{c, p.number})
	return p.number
}

// done forgets a playback.
func (p *program) done(number uint64) {
	p.clips = slices.DeleteFunc(p.clips, func(c numbered) bool { return c.number == number })
}

// after is those behind a number.
func (p *program) after(number uint64) []numbered {
	i, _ := slices.BinarySearchFunc(p.clips, number+1, func(c numbered, n uint64) int { return cmp.Compare(c.number, n) })
	return slices.Clone(p.clips[i:])
}
