// Package members is who is in a bridge, and how their media is joined: in a pair, in a room, with
// music, or past us. The bridge's lock guards a List; nothing here waits.
//
// It starts no goroutine.
package members

import (
	"slices"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling/directmedia"
	"github.com/skygenesisenterprise/skybridge/signaling/internal/audience"
	"github.com/skygenesisenterprise/skybridge/signaling/snapshot"
)

// Channel is what is in a bridge.
type Channel interface {
	comparable
	ID() snapshot.ChannelID
	Name() string
}

// Member is a channel in a bridge.
type Member[C Channel] struct {
	Channel C
	Port    *mixer.Port // nil until the channel has media
	Muted   bool

	HeardBy, Hears audience.Of[C]

	Held       bool   // the party has put the others on hold
	Needed     bool   // its audio is, here
	AloneMusic bool   // it hears music while nobody else is there
	AloneClass string // of it
}

// Means are what members are joined with.
type Means[C Channel] struct {
	// AlwaysMix keeps the room even for two; Direct lets the audio of two who are alone go past
	// us, where both may.
	AlwaysMix, Direct bool
	NewRoom           func() (*mixer.Room, error)
	NewPair           func() (*mixer.Pair, error)
	// Music reports whether a port hears a class of music from now on.
	Music func(c C, p *mixer.Port, class string, muted bool) bool
	// Class is the music that a channel hears, HeldClass what it has those hear whom it holds.
	Class, HeldClass func(C) string
	// Party is the channel's, nil for one whose audio cannot go past us.
	Party func(C) directmedia.Party
}

// List is the members of a bridge.
type List[C Channel] struct {
	Means Means[C]
	All   []Member[C]
	// IDs are the members', in their order. Snapshots share them: who joins is appended, who
	// leaves is left out of a copy.
	IDs   []snapshot.ChannelID
	Room  *mixer.Room
	Talk  directmedia.Talk // of two members
	Stays bool             // also with one member, who hears music
	Mixed bool             // it is tapped, or was

	placed bool // every member's media is in the room, as it is to be
	pair   *mixer.Pair
}

// Append gives a channel a place, the last.
func (l *List[C]) Append(m Member[C]) {
	l.All = append(l.All, m)
	l.IDs = append(l.IDs, m.Channel.ID())
}

// Find is a channel's place, or -1.
func (l *List[C]) Find(c C) int {
	return slices.IndexFunc(l.All, func(m Member[C]) bool { return m.Channel == c })
}

// Other is the second of two members, the zero C where there are not two.
func (l *List[C]) Other(c C) (other C) {
	if len(l.All) != 2 {
		return other
	}
	for _, m := range l.All {
		if m.Channel != c {
			return m.Channel
		}
	}
	return other
}

// Remove takes a member out and joins the others anew. over tells that its channel has ended.
func (l *List[C]) Remove(c C, over bool) error {
	i := l.Find(c)
	if i < 0 {
		return nil
	}
	if p := l.All[i].Port; p != nil {
		p.Idle()
	}
	if p := l.Means.Party(c); p != nil && over {
		l.Talk.Gone(p)
	}
	l.All = slices.Delete(l.All, i, i+1)
	l.IDs = slices.Concat(l.IDs[:i], l.IDs[i+1:])
	if l.staysRoom() {
		return nil
	}
	return l.Arrange()
}

// Refresh takes over a member's new port.
func (l *List[C]) Refresh(c C, port *mixer.Port) error {
	i := l.Find(c)
	if i < 0 || l.All[i].Port == port {
		return nil
	}
	if old := l.All[i].Port; old != nil {
		old.Idle()
	}
	l.All[i].Port = port
	return l.ArrangeWith(i)
}

// Hold takes note that a member has put the others on hold, or has come back to them.
func (l *List[C]) Hold(c C, on bool) error {
	i := l.Find(c)
	if i < 0 || l.All[i].Held == on {
		return nil
	}
	l.All[i].Held = on
	return l.Arrange()
}

// Need takes note whether a member's audio is needed here.
func (l *List[C]) Need(c C, needed bool) {
	if i := l.Find(c); i >= 0 && !(needed && l.All[i].Needed) {
		l.All[i].Needed = needed
		l.Bypass()
	}
}

// Hearing tells who hears a member, and whom it hears; everyone, for one that is not there.
func (l *List[C]) Hearing(id snapshot.ChannelID) (heardBy, hears audience.Of[C]) {
	for _, m := range l.All {
		if m.Channel.ID() == id {
			return m.HeardBy, m.Hears
		}
	}
	return heardBy, hears
}

// RoomFailed lets go of a room that mixes no more, and gives those who were in it; it reports
// whether it was this one.
func (l *List[C]) RoomFailed(room *mixer.Room) (all []C, was bool) {
	if l.Room != room {
		return nil, false
	}
	l.Room, l.placed = nil, false
	return l.Channels(), true
}

// Channels are the members' channels now.
func (l *List[C]) Channels() []C {
	all := make([]C, len(l.All))
	for i, m := range l.All {
		all[i] = m.Channel
	}
	return all
}
