package mixer

import (
	"fmt"
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// mix is a room's state at its worker.
//
// A frame goes like this: every member is drained and weighed, by what its packets
// tell without decoding where they do; the loudest of those who speak are decoded
// and added to the sum of their own sample rate; the sums are resampled into each
// other's rates; a talker hears the total minus its own samples, which is exact
// because they entered the sum of the same rate unfiltered; one gain for the room
// keeps all of it below full scale; then each class is encoded once and each
// talker for itself.
type mix struct {
	traveller
	room    *Room
	phase   int64
	at      int32 // in the worker's list
	listed  bool
	open    bool
	changed bool // rebuild before the next frame
	unseen  bool // the control side does not know of all joins and leaves

	members []*leg
	classes []*encode.Class
	frames  uint64
	most    int // that are heard at one time
	tree    mixminus.Tree

	hearing  audience.Matrix // who hears whom
	heard    audience.Matrix // in the last frame, if it was rerouted since
	rerouted bool
	asides   int // members with a sum of their own
	partings []parting

	taps      []*tap.Line
	announcer announcer
	speaker   *leg
	told      *Port // as the speaker
	anyone    bool  // spoke since levels were published
}

// init prepares a mix for its worker. It runs on the control side.
func (x *mix) init(r *Room) {
	x.room, x.open, x.tree = r, true, mixminus.NewTree()
	x.frames = 1 // so that nobody has heard the frame before the first
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
func (x *mix) add(w *worker, l *leg, opts JoinOptions) bool {
	if !x.open {
		return false
	}
	x.start(w)
	l.place, l.room, l.at = inRoom, x, int32(len(x.members))
	l.home.Store(&x.room.home)
	l.gate, l.talking, l.ear.Heard, l.lately = dsp.Activity{}, false, 0, hearsNothing
	l.weight.begin(len(x.members))
	l.phase = x.phase
	x.members = append(x.members, l)
	w.phases[x.phase]++
	l.enterRoute(opts)
	l.changed(w)
	x.membersChanged(w)
	x.tell(w, event.Event{Kind: event.Joined, Port: l.port})
	return true
}

// remove takes a leg out.
func (x *mix) remove(w *worker, l *leg) {
	last := x.members[len(x.members)-1]
	x.members[l.at], last.at = last, l.at
	x.members[len(x.members)-1] = nil
	x.members = x.members[:len(x.members)-1]
	x.part(w, l)
	x.leaveRoute(l)
	w.phases[x.phase]--
	l.home.Store(&w.base)
	l.room, l.class, l.ear.Hearing, l.ear.Shares = nil, nil, nil, false
	l.talking, l.level = false, dsp.Silence
	x.changed = true
	if x.speaker == l {
		x.speaker = nil
		x.room.stats.speaker.Store(nil) // told with the next levels
	}
	x.membersChanged(w)
	x.tell(w, event.Event{Kind: event.Left, Port: l.port})
}

// close ends the room.
func (x *mix) close(w *worker) {
	if !x.open {
		return
	}
	x.open = false
	w.homes.Add(-1)
	if x.listed {
		w.removeRoom(x)
	}
	x.stopPlay(w)
	x.partings = nil
	for len(x.members) > 0 {
		x.members[len(x.members)-1].idle(w)
	}
	for _, c := range x.classes {
		c.Close()
	}
	x.classes = nil
	x.endTaps()
	x.tell(w, event.Event{Kind: event.RoomClosed})
}

// fail closes the room after a panic.
func (x *mix) fail(w *worker, err error) {
	x.tell(w, event.Event{Kind: event.RoomFailed, Err: fmt.Errorf("mixer: room %q: %w", x.room.cfg.Name, err)})
	x.close(w)
}

func (x *mix) tell(w *worker, ev event.Event) {
	ev.Room = x.room
	w.out.Tell(ev)
}

// rebuild works out classes, rates and who hears whom after a change of the members.
func (x *mix) rebuild(w *worker) {
	x.changed, x.asides = false, 0
	talkers := 0
	for _, c := range x.classes {
		c.Members, c.Apart = 0, 0
	}
	x.tree.Heard, x.tree.Spoken = [rates.Count]bool{}, [rates.Count]bool{}
	for i := range x.partings {
		x.tree.Spoken[x.partings[i].at] = true
	}
	for _, l := range x.members {
		x.route(l)
		l.listen(w)
		if l.contributes() {
			talkers++
		}
		if i := rates.Index(l.rate); i >= 0 && l.playout.On() {
			x.tree.Spoken[i] = true
		}
		was := l.class
		l.class = nil
		if !l.sends || !l.transcodes() {
			continue
		}
		c, err := x.classFor(l.key)
		if err != nil {
			l.failSoon(w, err)
			continue
		}
		if l.class = c; c != was {
			l.ear.Heard = 0 // that was another encoder
		}
		c.Members++
		if l.apart {
			c.Apart++
		}
		x.tree.Heard[c.Rate()] = true
	}
	x.most = x.room.cfg.talkersAmong(talkers)
	for _, t := range x.taps {
		x.tree.Heard[rates.Index(t.Config().Rate)] = true
	}
	x.classes = slices.DeleteFunc(x.classes, func(c *encode.Class) bool {
		if c.Members == 0 {
			c.Close()
		}
		return c.Members == 0
	})
	x.tree.Build()
	x.buildAsides()
	x.prepare(w)
}

// prepare makes room at the worker for what the room needs in a frame.
func (x *mix) prepare(w *worker) {
	if x.asides > 0 && w.asideBus == nil {
		w.asideBus = new(mixminus.Bus)
	}
	// A voice each, who is apart a sum too, and what some play and taps decode.
	w.reserveFrames(len(x.members) + 2*x.asides + sayFrames)
}

func (x *mix) classFor(key encode.Key) (*encode.Class, error) {
	for _, c := range x.classes {
		if c.Key() == key {
			return c, nil
		}
	}
	c, err := encode.NewClass(key)
	if err != nil {
		return nil, err
	}
	x.classes = append(x.classes, c)
	return c, nil
}
