package mixer

import (
	"cmp"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// Play plays a clip to everyone in the room, or to whom PlayOptions say, as one more
// talker. Those under way end, not Completed, unless it queues; PlaybackDone is an event of
// the room. The error is of kind fault.Gone, fault.Invalid when the clip cannot be had at a
// member's rate, or fault.TooMany (32 wait, or an Audience).
func (r *Room) Play(c *Clip, opts PlayOptions) error {
	if err := opts.To.validate(); err != nil {
		return err
	}
	ready := 0
	for r.mu.Lock(); !r.closed && ready < len(r.rates); r.mu.Lock() {
		missing := slices.Clone(r.rates[ready:]) // rates are only added
		r.mu.Unlock()                            // as preparing takes its time
		for _, rate := range missing {
			if err := c.Prepare(rate); err != nil {
				return err
			}
		}
		ready += len(missing)
	}
	defer r.mu.Unlock()
	if r.closed {
		return fault.New(fault.Gone, "mixer: room closed")
	}
	if opts.Queue && len(r.plays.clips) > room.MaxQueued {
		return fault.New(fault.TooMany, "mixer: %d playbacks wait in the room", room.MaxQueued)
	}
	a := room.Announcement{Clip: c, Opts: opts.numbered(r.plays.begin(c)), To: opts.To.set}
	e := &worker.Errand{Names: a.To.Ports}
	r.mail.Post(func(w *worker.Worker) *worker.Worker {
		e.Visit(w)
		if at := r.mix.Home.At.Load(); at != w {
			return at
		}
		if to := e.Next(w, &r.mix); to != nil {
			return to
		}
		r.mix.Play(&w.Floor, a, opts.Queue)
		return nil
	})
	return nil
}

// StopPlay ends the room's playback under way and those that wait.
func (r *Room) StopPlay() {
	r.mail.Post(func(w *worker.Worker) *worker.Worker { r.mix.StopPlay(&w.Floor); return nil })
}

// prepare makes the room's clips, now or later, available at a member's rate.
// Nobody waits for the lock meanwhile.
func (r *Room) prepare(rate int) error {
	var ready uint64 // number up to which all are
	for {
		r.mu.Lock()
		missing, known := r.plays.after(ready), slices.Contains(r.rates, rate)
		if known || len(missing) == 0 {
			if !known {
				r.rates = append(r.rates, rate)
			}
			r.mu.Unlock()
			return nil
		}
		r.mu.Unlock()
		for _, c := range missing {
			if err := c.clip.Prepare(rate); err != nil {
				return err
			}
			ready = c.number
		}
	}
}

// played takes note of the end of a playback.
func (r *Room) played(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plays.done(number)
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
