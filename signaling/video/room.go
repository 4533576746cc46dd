// Package video is what is seen in a room: who shows a camera or a screen, who is to see what
// of it and how large, with who speaks first; and the forwarding of it between the parties'
// transports.
//
// A Room is the model, without time, I/O or locks of its own. A Forwarding binds one to a
// media/forward/router; it starts one goroutine, which forwards all that comes and ends with Close.
package video

import (
	"cmp"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Kind is what a source shows.
type Kind string

// The kinds.
const (
	Camera Kind = "camera"
	Screen Kind = "screen"
)

// SourceID names what a member shows: at most one of each kind.
type SourceID struct {
	Member string
	Kind   Kind
}

// Source is one that is there.
type Source struct {
	ID SourceID
	// Muted is one that shows nothing for now.
	Muted bool
}

// Limits of a Room.
const (
	MaxMembers = 1000
	// MaxCameras is how many cameras one member sees at most, whatever the settings say.
	MaxCameras = 49
	// maxSpeakers is how many who have spoken are remembered in their order.
	maxSpeakers = MaxCameras + 1
)

// Settings are a room's.
type Settings struct {
	// Screens says that everybody may share a screen; otherwise only those who present may.
	Screens bool
	// Cameras is how many a member sees at a time; 0 is DefaultCameras.
	Cameras int
}

// DefaultCameras is how many cameras a member sees unless the room says otherwise.
const DefaultCameras = 25

// EventType names what happens in a Room.
type EventType string

// The events.
const (
	SourceAdded   EventType = "source_added"
	SourceRemoved EventType = "source_removed"
	SourceMuted   EventType = "source_muted"
	SourceUnmuted EventType = "source_unmuted"
	Speaker       EventType = "active_speaker"
)

// Event is what happens to a source, or who speaks (Source.Member; empty for nobody).
type Event struct {
	Type   EventType
	Source SourceID
}

// Room is the sources of a room and what its members want to see.
type Room struct {
	settings Settings
	tell     func(Event)
	members  []*member // in the order of arrival
	speaker  string
	spoken   []string // who has spoken, the last first
}

type member struct {
	id      string
	sources []Source // camera before screen
	layout  Layout
	// presents says that the member may share a screen whatever the settings say.
	presents bool
}

// mayShare tells whether a member may share a screen.
func (r *Room) mayShare(m *member) bool { return r.settings.Screens || m.presents }

// NewRoom makes an empty room. tell is called with each event, from within the call that makes
// it.
func NewRoom(s Settings, tell func(Event)) *Room { return &Room{settings: s, tell: tell} }

// Change changes the settings. A screen that may not be shared any more goes.
func (r *Room) Change(s Settings) {
	r.settings = s
	for _, m := range r.members {
		if !r.mayShare(m) {
			r.Unpublish(SourceID{m.id, Screen})
		}
	}
}

// Present says whether a member may share a screen where not everybody may, as moderators do.
// The screen of who may no more goes.
func (r *Room) Present(id string, may bool) {
	m := r.find(id)
	if m == nil {
		return
	}
	if m.presents = may; !r.mayShare(m) {
		r.Unpublish(SourceID{id, Screen})
	}
}

// Join adds a member, who sees by the default layout. It fails with fault.Conflict for one who
// is there, and fault.Full.
func (r *Room) Join(id string) error {
	if r.find(id) != nil {
		return fault.New(fault.Conflict, "video: the member is in the room")
	}
	if len(r.members) >= MaxMembers {
		return fault.New(fault.Full, "video: the room has %d members", len(r.members))
	}
	r.members = append(r.members, &member{id: id, layout: Layout{Mode: SpeakerMode}})
	return nil
}

// Leave takes a member away, and what they show.
func (r *Room) Leave(id string) {
	m := r.find(id)
	if m == nil {
		return
	}
	for len(m.sources) > 0 {
		r.Unpublish(m.sources[0].ID)
	}
	r.spoken = slices.DeleteFunc(r.spoken, func(s string) bool { return s == id })
	if r.speaker == id {
		r.Speaks("")
	}
	r.members = slices.DeleteFunc(r.members, func(o *member) bool { return o == m })
}

// Publish adds a source. It fails with fault.NotFound for who is no member, fault.Forbidden for
// a screen of one who may share none, and fault.Conflict while somebody shares one, or for a
// source that is there.
func (r *Room) Publish(id SourceID) error {
	m := r.find(id.Member)
	switch {
	case id.Kind != Camera && id.Kind != Screen:
		return fault.New(fault.Invalid, "video: a source is a camera or a screen")
	case m == nil:
		return fault.New(fault.NotFound, "video: no such member")
	case m.source(id.Kind) != nil:
		return fault.New(fault.Conflict, "video: the member shows a %s", id.Kind)
	case id.Kind == Screen && !r.mayShare(m):
		return fault.New(fault.Forbidden, "video: no screens are shared in this room")
	case id.Kind == Screen && r.sharing() != "":
		return fault.New(fault.Conflict, "video: somebody else shares a screen")
	}
	m.sources = append(m.sources, Source{ID: id})
	slices.SortFunc(m.sources, func(a, b Source) int { return cmp.Compare(a.ID.Kind, b.ID.Kind) })
	r.tell(Event{SourceAdded, id})
	return nil
}

// Unpublish takes a source away, and tells whether it was there.
func (r *Room) Unpublish(id SourceID) bool {
	m := r.find(id.Member)
	if m == nil || m.source(id.Kind) == nil {
		return false
	}
	m.sources = slices.DeleteFunc(m.sources, func(s Source) bool { return s.ID == id })
	r.tell(Event{SourceRemoved, id})
	return true
}

// Mute says that a source shows nothing, or shows something again.
func (r *Room) Mute(id SourceID, muted bool) error {
	m := r.find(id.Member)
	if m == nil || m.source(id.Kind) == nil {
		return fault.New(fault.NotFound, "video: no such source")
	}
	s := m.source(id.Kind)
	if s.Muted == muted {
		return nil
	}
	s.Muted = muted
	if muted {
		r.tell(Event{SourceMuted, id})
	} else {
		r.tell(Event{SourceUnmuted, id})
	}
	return nil
}

// Speaks says who speaks now; empty is nobody. Who is no member is passed over.
func (r *Room) Speaks(id string) {
	if id == r.speaker || id != "" && r.find(id) == nil {
		return
	}
	r.speaker = id
	if id != "" {
		r.spoken = slices.DeleteFunc(r.spoken, func(s string) bool { return s == id })
		r.spoken = slices.Insert(r.spoken, 0, id)
		r.spoken = r.spoken[:min(len(r.spoken), maxSpeakers)]
	}
	r.tell(Event{Speaker, SourceID{Member: id}})
}

// Sources are all that are there, in the order in which their members came.
func (r *Room) Sources() (list []Source) {
	for _, m := range r.members {
		list = append(list, m.sources...)
	}
	return list
}

func (r *Room) find(id string) *member {
	i := slices.IndexFunc(r.members, func(m *member) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return r.members[i]
}

// sharing is who shares a screen.
func (r *Room) sharing() string {
	for _, m := range r.members {
		if m.source(Screen) != nil {
			return m.id
		}
	}
	return ""
}

func (m *member) source(k Kind) *Source {
	i := slices.IndexFunc(m.sources, func(s Source) bool { return s.ID.Kind == k })
	if i < 0 {
		return nil
	}
	return &m.sources[i]
}
