package bench

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Workload is calls of one kind.
type Workload struct {
	Name string
	// Legs is how many parties there are.
	Legs int
	// Room is how many share a room, 0 for calls of two; Legs is a multiple of it.
	Room int
	// Talkers is how many of a room talk, each with a tone of its own; in calls all do.
	Talkers int
	// Codecs are those of parties with even and odd numbers.
	Codecs [2]client.Codec
	// Secure has the parties speak SRTP, with AES-128 in GCM.
	Secure bool
	// Browsers are the parties, who come by the servers' own HTTP and have ICE, DTLS and SRTP.
	Browsers bool
	// Marks, where not nil, are what is listened for; nobody talks besides.
	Marks *load.Marks
}

// OneRoom is all legs in one room, three of whom talk.
func OneRoom(c client.Codec, legs int) Workload {
	return Workload{Name: c.Name + ", one room, 3 talk", Legs: legs, Room: legs, Talkers: 3, Codecs: both(c)}
}

// SmallRooms is rooms of 10, all of whom talk.
func SmallRooms(c client.Codec, legs int) Workload {
	return Workload{Name: c.Name + ", rooms of 10, all talk", Legs: legs / 10 * 10, Room: 10, Talkers: 10, Codecs: both(c)}
}

// Calls is calls between parties with two codecs, or one.
func Calls(a, b client.Codec, legs int) Workload {
	name := a.Name + " ↔ " + b.Name + " calls"
	if a.Name == b.Name {
		name = a.Name + " calls, relayed"
	}
	return Workload{Name: name, Legs: legs / 2 * 2, Codecs: [2]client.Codec{a, b}}
}

func both(c client.Codec) [2]client.Codec { return [2]client.Codec{c, c} }

// Secured is the workload with SRTP.
func (w Workload) Secured() Workload {
	w.Name += ", SRTP"
	w.Secure = true
	return w
}

// InBrowsers is the workload of browsers.
func (w Workload) InBrowsers() Workload {
	w.Name = "browsers, " + w.Name
	w.Browsers = true
	return w
}

// named is the workload under a further name.
func (w Workload) named(name string) Workload {
	w.Name += ", " + name
	return w
}

// With is the workload with another number of legs.
func (w Workload) With(legs int) Workload {
	switch {
	case w.Room == w.Legs:
		w.Legs, w.Room = legs, legs
	case w.Room > 0:
		w.Legs = max(1, legs/w.Room) * w.Room
	default:
		w.Legs = max(2, legs/2*2)
	}
	return w
}

func (w *Workload) layout(l *load.Load) peers.Layout {
	layout := peers.Layout{Legs: w.Legs, Room: w.Room, Codecs: w.Codecs, Levels: true, Port: l.Port}
	if w.Secure {
		for range w.Legs {
			layout.Keys = append(layout.Keys, srtp.NewMaster(srtp.GCM128))
		}
	}
	return layout
}

// codec is a leg's.
func (w *Workload) codec(leg int) client.Codec { return w.Codecs[leg%2] }

// talks tells whether a leg talks.
func (w *Workload) talks(leg int) bool {
	return w.Marks == nil && (w.Room == 0 || leg%w.Room < w.Talkers)
}

// others are the legs that a leg talks with and that talk.
func (w *Workload) others(leg int) (talkers []int) {
	if w.Room == 0 {
		return []int{leg ^ 1}
	}
	first := leg / w.Room * w.Room
	for other := first; other < first+w.Talkers; other++ {
		if other != leg {
			talkers = append(talkers, other)
		}
	}
	return talkers
}

// tapped are the legs that are listened to: some at the beginning, where the talkers are,
// and some others.
func (w *Workload) tapped() []int {
	const some = 12
	var legs []int
	for leg := 0; leg < w.Legs && leg < some; leg++ {
		legs = append(legs, leg)
	}
	for i := range some {
		if leg := w.Legs * (i + 1) / (some + 1); leg >= some {
			legs = append(legs, leg)
		}
	}
	return legs
}

// DefaultPlan is long enough for processor time to be known to a hundredth.
func DefaultPlan() load.Plan { return load.Plan{Warm: 2 * time.Second, Measure: 4 * time.Second} }
