package mixer

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
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
	cfg     mixConfig
	handle  any // of the control side, for events
	stats   roomStats
	open    bool
	changed bool // rebuild before the next frame

	members []*member
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
	speaker   *member
	told      *leg // as the speaker
	anyone    bool // spoke since levels were published
}

// mixConfig is what a room is made with.
type mixConfig struct {
	name       string // in errors
	maxTalkers int    // who are heard at one time; 0 lets that go by the members
	activity   dsp.ActivityConfig
}

// The talkers where the config does not say.
const (
	usualTalkers = 3
	smallRoom    = 5 // members that may talk, all of whom are heard
)

// talkersAmong is how many are heard at one time where so many may talk.
func (c *mixConfig) talkersAmong(members int) int {
	switch {
	case c.maxTalkers > 0:
		return c.maxTalkers
	case members <= smallRoom:
		return smallRoom
	default:
		return usualTalkers
	}
}

// member is a leg that is, or can be, in a room.
type member struct {
	leg

	at         int32 // in its room's list
	listenOnly bool
	listened   int // what playout has of rate
	gate       dsp.Activity
	weight     weight
	routing
	lately  hears         // in the last frame
	closing bool          // it is not to be heard any more, once it has faded
	level   uint8         // −dBov of the last frame
	loudest uint8         // since the last publication
	talking bool          // in the sum
	class   *encode.Class // of those who hear the same
	voice   []int16       // what it added to the sum of this frame; nil for nothing
}

// entry is how a leg takes part in a room.
type entry struct {
	listenOnly, muted bool
	heardBy, hears    audience.Set
}

// init prepares a mix for its worker. It runs on the control side.
func (x *mix) init(cfg mixConfig, handle any) {
	x.cfg, x.handle, x.open, x.tree = cfg, handle, true, mixminus.NewTree()
	x.frames = 1 // so that nobody has heard the frame before the first
}

// renew has the room look at its members again before the next frame.
func (x *mix) renew() { x.changed = true }

// choose does nothing: to a room it is the same which codec a member speaks.
func (x *mix) choose(*bench) {}

// add takes a leg in, whose frames are made at a phase.
func (x *mix) add(w *floor, l *member, opts entry) {
	l.place, l.host, l.at = inRoom, x, int32(len(x.members))
	l.gate, l.talking, l.ear.Heard, l.lately = dsp.Activity{}, false, 0, hearsNothing
	l.listenOnly, l.inMuted = opts.listenOnly, opts.muted
	l.weight.begin(len(x.members))
	x.members = append(x.members, l)
	x.enterRoute(l, opts)
	x.changed = true
	x.tell(w, event.Event{Kind: event.Joined, Port: l.handle})
}

// remove takes a leg out.
func (x *mix) remove(w *floor, l *member) {
	last := x.members[len(x.members)-1]
	x.members[l.at], last.at = last, l.at
	x.members[len(x.members)-1] = nil
	x.members = x.members[:len(x.members)-1]
	x.part(w, l)
	x.leaveRoute(l)
	l.host, l.class, l.ear.Hearing, l.ear.Shares = nil, nil, nil, false
	l.talking, l.level = false, dsp.Silence
	x.changed = true
	if x.speaker == l {
		x.speaker = nil
		x.stats.speaker.Store(nil) // told with the next levels
	}
	x.tell(w, event.Event{Kind: event.Left, Port: l.handle})
}

// shut closes the room for who may come; false when it is. Who is in it leaves before end.
func (x *mix) shut(w *floor) bool {
	if !x.open {
		return false
	}
	x.open = false
	x.stopPlay(w)
	x.partings = nil
	return true
}

// end is the last of the room.
func (x *mix) end(w *floor) {
	for _, c := range x.classes {
		c.Close()
	}
	x.classes = nil
	x.endTaps()
	x.tell(w, event.Event{Kind: event.RoomClosed})
}

func (x *mix) tell(w *floor, ev event.Event) {
	ev.Room = x.handle
	w.out.Tell(ev)
}

// rebuild works out classes, rates and who hears whom after a change of the members.
func (x *mix) rebuild(w *floor) {
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
			l.failSoon(&w.bench, err)
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
	x.most = x.cfg.talkersAmong(talkers)
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
func (x *mix) prepare(w *floor) {
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

// pack takes what the member has buffered out of its worker's memory, for another's.
func (l *member) pack(w *floor, luggage *playout.Parcel) {
	l.leg.pack(&w.bench, luggage)
	l.voice, l.weight.pcm, l.routing.mix = nil, nil, nil
}

// metered reports whether the next frame is one whose cost is measured.
func (x *mix) metered() bool { return x.frames%publishFrames == meterFrame }
