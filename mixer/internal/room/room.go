package room

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/audience"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/encode"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mixminus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/playout"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/tap"
)

// Room is a room's state at its worker.
//
// A frame goes like this: every member is drained and weighed, by what its packets
// tell without decoding where they do; the loudest of those who speak are decoded
// and added to the sum of their own sample rate; the sums are resampled into each
// other's rates; a talker hears the total minus its own samples, which is exact
// because they entered the sum of the same rate unfiltered; one gain for the room
// keeps all of it below full scale; then each class is encoded once and each
// talker for itself.
type Room struct {
	lending
	Config  Config
	handle  any // of the control side, for events
	Stats   Stats
	Open    bool
	changed bool // rebuild before the next frame

	Members []*Member
	classes []*encode.Class
	made    uint32 // classes so far
	frames  uint64
	most    int // that are heard at one time
	tree    mixminus.Tree

	Hearing  audience.Matrix // who hears whom
	heard    audience.Matrix // in the last frame, if it was rerouted since
	rerouted bool
	Asides   int // members with a sum of their own
	partings []parting

	taps      []*tap.Line
	announcer announcer
	speaker   *Member
	told      *leg.Leg // as the speaker
	anyone    bool     // spoke since levels were published
}

// Config is what a room is made with.
type Config struct {
	Name       string // in errors
	MaxTalkers int    // who are heard at one time; 0 lets that go by the members
	Activity   dsp.ActivityConfig
}

// The talkers where the config does not say.
const (
	UsualTalkers = 3
	SmallRoom    = 5 // members that may talk, all of whom are heard
)

// talkersAmong is how many are heard at one time where so many may talk.
func (c *Config) talkersAmong(members int) int {
	switch {
	case c.MaxTalkers > 0:
		return c.MaxTalkers
	case members <= SmallRoom:
		return SmallRoom
	default:
		return UsualTalkers
	}
}

// Member is a leg that is, or can be, in a room.
type Member struct {
	leg.Leg

	at         int32 // in its room's list
	lentAt     int32 // among those who are away; the room's worker's
	stirred    int32 // the low bits of the tick at which it last said something, or something was asked of it
	ListenOnly bool
	listened   int // what playout has of rate
	gate       dsp.Activity
	Weight     weight
	routing
	lately  leg.Hears     // in the last frame
	closing bool          // it is not to be heard any more, once it has faded
	Level   uint8         // −dBov of the last frame
	Loudest uint8         // since the last publication
	Talking bool          // in the sum
	Class   *encode.Class // of those who hear the same
	voice   []int16       // what it added to the sum of this frame; nil for nothing
}

// Entry is how a leg takes part in a room.
type Entry struct {
	ListenOnly, Muted bool
	HeardBy, Hears    audience.Set
}

// Init prepares a mix for its worker. It runs on the control side.
func (x *Room) Init(cfg Config, handle any) {
	x.Config, x.handle, x.Open, x.tree = cfg, handle, true, mixminus.NewTree()
	x.frames = 1 // so that nobody has heard the frame before the first
}

// Renew has the room look at its members again before the next frame.
func (x *Room) Renew() { x.changed = true }

// Choose does nothing: to a room it is the same which codec a member speaks.
func (x *Room) Choose(*leg.Bench) {}

// Add takes a leg in, whose frames are made at a phase.
func (x *Room) Add(w *Floor, l *Member, opts Entry) {
	l.Place, l.Host, l.at = leg.InRoom, x, int32(len(x.Members))
	l.gate, l.Talking, l.Ear.Heard, l.lately = dsp.Activity{}, false, 0, leg.HearsNothing
	l.ListenOnly, l.InMuted = opts.ListenOnly, opts.Muted
	l.stirred = int32(w.Now.Tick)
	l.Weight.begin(len(x.Members))
	x.Members = append(x.Members, l)
	x.EnterRoute(l, opts)
	x.changed = true
	x.Tell(w, event.Event{Kind: event.Joined, Port: l.Handle})
}

// Remove takes a leg out.
func (x *Room) Remove(w *Floor, l *Member) {
	x.takeOut(l)
	x.part(w, l)
	x.leaveRoute(l)
	l.Host, l.Class, l.Ear.Hearing, l.Ear.Shares = nil, nil, nil, false
	l.Talking, l.Level = false, dsp.Silence
	x.changed = true
	if x.speaker == l {
		x.speaker = nil
		x.Stats.Speaker.Store(nil) // told with the next levels
	}
	x.Tell(w, event.Event{Kind: event.Left, Port: l.Handle})
}

// Shut closes the room for who may come; false when it is. Who is in it leaves before end.
func (x *Room) Shut(w *Floor) bool {
	if !x.Open {
		return false
	}
	x.Open = false
	x.StopPlay(w)
	x.partings = nil
	return true
}

// End is the last of the room.
func (x *Room) End(w *Floor) {
	for _, c := range x.classes {
		c.Close()
	}
	x.classes = nil
	x.endTaps()
	x.Tell(w, event.Event{Kind: event.RoomClosed})
}

// Tell publishes one of the room's events.
func (x *Room) Tell(w *Floor, ev event.Event) {
	ev.Room = x.handle
	w.Out.Tell(ev)
}

// rebuild works out classes, rates and who hears whom after a change of the members.
func (x *Room) rebuild(w *Floor) {
	x.changed, x.Asides = false, 0
	talkers := 0
	for _, c := range x.classes {
		c.Members, c.Apart, c.Away = 0, 0, 0
	}
	x.tree.Heard, x.tree.Spoken = [rates.Count]bool{}, [rates.Count]bool{}
	for i := range x.partings {
		x.tree.Spoken[x.partings[i].at] = true
	}
	for _, l := range x.Members {
		x.route(l)
		l.listen(w)
		if l.contributes() {
			talkers++
		}
		if i := rates.Index(l.Rate); i >= 0 && l.Playout.On() {
			x.tree.Spoken[i] = true
		}
		was := l.Class
		l.Class = nil
		if !l.Sends || !l.Transcodes() {
			continue
		}
		c, err := x.classFor(l.Key)
		if err != nil {
			l.FailSoon(&w.Bench, err)
			continue
		}
		if l.Class = c; c != was {
			l.Ear.Heard = 0 // that was another encoder
		}
		c.Members++
		if l.apart {
			c.Apart++
		}
		x.tree.Heard[c.Rate()] = true
	}
	for i := range x.Away {
		out := &x.Away[i]
		out.class.Members++
		out.class.Away++
		x.tree.Heard[out.class.Rate()] = true
		if out.says >= 0 {
			talkers++
			x.tree.Spoken[out.says] = true
		}
	}
	x.most = x.Config.talkersAmong(talkers)
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
	x.Prepare(w)
}

// Prepare makes room at the worker for what the room needs in a frame.
func (x *Room) Prepare(w *Floor) {
	if x.Asides > 0 && w.asideBus == nil {
		w.asideBus = new(mixminus.Bus)
	}
	// A voice each, who is apart a sum too, and what some play and taps decode.
	w.ReserveFrames(x.Size() + 2*x.Asides + leg.SayFrames)
}

func (x *Room) classFor(key encode.Key) (*encode.Class, error) {
	for _, c := range x.classes {
		if c.Key() == key {
			return c, nil
		}
	}
	c, err := encode.NewClass(key)
	if err != nil {
		return nil, err
	}
	x.made++
	c.ID = x.made
	x.classes = append(x.classes, c)
	return c, nil
}

// Pack takes what the member has buffered out of its worker's memory, for another's.
func (l *Member) Pack(w *Floor, luggage *playout.Parcel) {
	l.Leg.Pack(&w.Bench, luggage)
	l.voice, l.Weight.pcm, l.routing.mix = nil, nil, nil
}

// Metered reports whether the next frame is one whose cost is measured.
func (x *Room) Metered() bool { return x.frames%leg.PublishFrames == MeterFrame }
