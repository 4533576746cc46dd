package mixer

import (
	"fmt"
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// mix is a room's state at its worker.
//
// A frame goes like this: every member is drained and decoded; those who speak
// are added to the sum of their own sample rate; the sums are resampled into each
// other's rates; a talker hears the total minus its own samples, which is exact
// because they entered the sum of the same rate unfiltered; one gain for the room
// keeps all of it below full scale; then each class is encoded once and each
// talker for itself.
type mix struct {
	room    *Room
	phase   int64
	at      int32 // in the worker's list
	listed  bool
	open    bool
	changed bool // rebuild before the next frame

	members []*leg
	classes []*class
	frames  uint64

	heardAt  [len(clipRates)]bool // somebody listens at this rate
	spokenAt [len(clipRates)]bool // somebody may speak at this rate
	bridges  []bridge
	limiter  dsp.Limiter
	clip     playback
	speaker  *leg
	anyone   bool // spoke since levels were published
}

// bridge resamples what is said at one rate for those who listen at another.
type bridge struct {
	from, to int // in clipRates
	filter   *dsp.Resampler
	ringing  bool // its tail is not silent yet
}

// init prepares a mix for its worker. It runs on the control side.
func (x *mix) init(r *Room) {
	x.room, x.open, x.limiter = r, true, dsp.NewLimiter()
}

// start puts the room into the worker's list. That is its first command, unless a
// port's command to join comes before it.
func (x *mix) start(w *worker) {
	if x.listed || !x.open {
		return
	}
	x.listed = true
	x.phase = w.quietPhase()
	w.addRoom(x)
}

// add takes a leg in; false when the room is closed.
func (x *mix) add(w *worker, l *leg) bool {
	if !x.open {
		return false
	}
	x.start(w)
	l.place, l.room, l.at = inRoom, x, int32(len(x.members))
	l.gate, l.talking, l.heard = dsp.Activity{}, false, 0
	l.phase = x.phase
	x.members = append(x.members, l)
	w.phases[x.phase]++
	l.changed(w)
	x.publishMembers()
	x.tell(w, Event{Kind: Joined, Port: l.port})
	return true
}

// remove takes a leg out.
func (x *mix) remove(w *worker, l *leg) {
	last := x.members[len(x.members)-1]
	x.members[l.at], last.at = last, l.at
	x.members[len(x.members)-1] = nil
	x.members = x.members[:len(x.members)-1]
	w.phases[x.phase]--
	l.room, l.class, l.hearing, l.shares = nil, nil, nil, false
	l.talking, l.level = false, dsp.Silence
	x.changed = true
	if x.speaker == l {
		x.setSpeaker(w, nil)
	}
	x.publishMembers()
	x.tell(w, Event{Kind: Left, Port: l.port})
}

// close ends the room.
func (x *mix) close(w *worker) {
	if !x.open {
		return
	}
	x.open = false
	if x.listed {
		w.removeRoom(x)
	}
	x.stopPlay(w)
	for len(x.members) > 0 {
		x.members[len(x.members)-1].idle(w)
	}
	for _, c := range x.classes {
		c.close()
	}
	x.classes = nil
	x.tell(w, Event{Kind: RoomClosed})
}

// fail closes the room after a panic.
func (x *mix) fail(w *worker, err error) {
	x.tell(w, Event{Kind: RoomFailed, Err: fmt.Errorf("mixer: room %q: %w", x.room.cfg.Name, err)})
	x.close(w)
}

func (x *mix) tell(w *worker, ev Event) {
	ev.Room = x.room
	w.tell(ev)
}

func (x *mix) play(w *worker, c *Clip, opts PlayOptions) {
	x.stopPlay(w)
	x.clip.begin(c, opts, clipRates[0])
	if !x.open {
		x.stopPlay(w)
	}
}

func (x *mix) stopPlay(w *worker) {
	if x.clip.on {
		x.tell(w, x.clip.done(false))
	}
}

// rebuild works out classes and rates after a change of the members.
func (x *mix) rebuild(w *worker) {
	x.changed = false
	for _, c := range x.classes {
		c.members = 0
	}
	x.heardAt, x.spokenAt = [len(clipRates)]bool{}, [len(clipRates)]bool{}
	for _, l := range x.members {
		if i := rateIndex(l.rate); i >= 0 && l.contributes() {
			x.spokenAt[i] = true
		}
		l.class = nil
		if !l.sends || !l.transcodes() {
			continue
		}
		c, err := x.classFor(l.key)
		if err != nil {
			l.failSoon(w, err)
			continue
		}
		l.class = c
		c.members++
		x.heardAt[c.rate] = true
	}
	x.classes = slices.DeleteFunc(x.classes, func(c *class) bool {
		if c.members == 0 {
			c.close()
		}
		return c.members == 0
	})
	x.rebuildBridges()
	w.reserveFrames(2*len(x.members) + 1) // a voice and a clip each, at most
}

func (x *mix) classFor(key encoding) (*class, error) {
	for _, c := range x.classes {
		if c.key == key {
			return c, nil
		}
	}
	c, err := newClass(key)
	if err != nil {
		return nil, err
	}
	x.classes = append(x.classes, c)
	return c, nil
}

// rebuildBridges keeps the filters that are still needed, with their tails.
func (x *mix) rebuildBridges() {
	var bridges []bridge
	for from := range clipRates {
		for to := range clipRates {
			if from == to || !x.spokenAt[from] || !x.heardAt[to] {
				continue
			}
			i := slices.IndexFunc(x.bridges, func(b bridge) bool { return b.from == from && b.to == to })
			if i >= 0 {
				bridges = append(bridges, x.bridges[i])
				continue
			}
			// Rates without a common filter (16 and 24 kHz) stay apart; no codec of
			// ours works at 24 kHz.
			if r, err := dsp.NewResampler(clipRates[from], clipRates[to]); err == nil {
				bridges = append(bridges, bridge{from: from, to: to, filter: r})
			}
		}
	}
	x.bridges = bridges
}
