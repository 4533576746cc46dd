// Package conference keeps the rooms that people meet in: by number for those
// who dial, by id for those who come through the API. Both kinds of caller are
// in the same room.
//
// Goroutines: one per participant when its channel leaves, which ends by itself.
package conference

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/conference/pin"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

const (
	maxRooms  = 10000
	maxNumber = 80 // characters, as an extension's
)

// Settings are a room's own.
type Settings struct {
	ID     string // UUID; made when empty
	Number string // what phones dial; made by the registry when empty
	Name   string
	Max    int // participants; 0 means no limit
	// PIN is what everybody has to know to come in; none for an open room. The
	// registry only keeps it: who lets people in asks for it.
	PIN pin.PIN
	// Kept rooms stay when the last participant leaves.
	Kept bool
	// Locked rooms let moderators in, and nobody else.
	Locked bool
	// Moderated rooms have others wait, with music, until a moderator is there, and again
	// when the last one has left.
	Moderated bool
	// Digits that members press are the room's events.
	Digits bool
	// NoScreens has moderators alone share a screen.
	NoScreens bool
	// Holding rooms have everybody hear music, and nobody else.
	Holding bool
	Created time.Time
	Creator string
}

// Registry holds the rooms of the process. Its lock is taken before a room's.
type Registry struct {
	engine *signaling.Engine

	guard *pin.Guard

	mu       sync.Mutex
	rooms    map[string]*Room // by id
	byNumber map[string]*Room
	byBridge map[string]*Room
	numbers  [2]numbers
	planned  func(number string) bool // nil for no
}

// NewRegistry makes an empty registry.
func NewRegistry(e *signaling.Engine) *Registry {
	return &Registry{
		engine: e, guard: pin.NewGuard(e.Now), rooms: make(map[string]*Room), byNumber: make(map[string]*Room), byBridge: make(map[string]*Room), numbers: given(),
	}
}

// Create makes a room. It fails with fault.Conflict when its number or id is
// taken, fault.Full when no number is left, fault.TooMany when there are too many
// rooms and fault.Invalid for settings that cannot be.
func (r *Registry) Create(s Settings) (*Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.create(s)
}

func (r *Registry) create(s Settings) (*Room, error) {
	switch {
	case len(r.rooms) >= maxRooms:
		return nil, fault.New(fault.TooMany, "%d rooms, the limit", maxRooms)
	case r.rooms[s.ID] != nil:
		return nil, fault.New(fault.Conflict, "room %s exists", s.ID)
	}
	if err := r.check(&s, nil); err != nil {
		return nil, err
	}
	if s.ID == "" {
		s.ID = signaling.NewID()
	}
	if s.Created.IsZero() {
		s.Created = r.engine.Now()
	}
	room := &Room{id: s.ID, created: s.Created, settings: s, registry: r, remarked: make(chan struct{})}
	room.bridge = r.engine.NewBridge(signaling.BridgeConfig{Name: s.Number, Creator: "ConfBridge", AlwaysMix: true})
	room.bridgeID = string(room.bridge.ID())
	r.byBridge[room.bridgeID] = room
	r.rooms[s.ID], r.byNumber[s.Number] = room, room
	return room, nil
}

// check fails for settings that a room cannot have, and gives it a number if it has none. The
// lock is held.
func (r *Registry) check(s *Settings, of *Room) (err error) {
	switch other := r.byNumber[s.Number]; {
	case s.Max < 0:
		return fault.New(fault.Invalid, "a room of %d participants", s.Max)
	case len(s.Number) > maxNumber:
		return fault.New(fault.Invalid, "room number of %d characters, at most %d", len(s.Number), maxNumber)
	case s.Number != "" && other != nil && other != of:
		return fault.WithCode(fault.Conflict, "number_taken", "room number %s is taken", s.Number)
	case s.Number == "":
		s.Number, err = r.freeNumber()
	}
	return err
}

// Change changes a room: its name, number, limit, PIN, lock, and how people meet in it. Nobody is
// put out by a lower limit or a lock. It fails with fault.Conflict when the number is taken,
// fault.Invalid for settings that cannot be, and fault.Gone when the room has ended.
func (r *Registry) Change(room *Room, to func(*Settings)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.closed {
		return room.ended()
	}
	was := room.settings
	s := was
	to(&s)
	if err := r.check(&s, room); err != nil {
		return err
	}
	delete(r.byNumber, was.Number)
	r.byNumber[s.Number] = room
	room.settings = s
	room.marks.Now = room.countMarked() // none has left for that
	room.remark()
	room.tell(event.RoomChanged, Participant{})
	return nil
}

// forget takes a room out of the lists. The lock is held.
func (r *Registry) forget(room *Room) {
	if r.rooms[room.id] == room {
		delete(r.rooms, room.id)
		delete(r.byNumber, room.settings.Number)
		delete(r.byBridge, room.bridgeID)
	}
}

// Room finds a room by its id.
func (r *Registry) Room(id string) (*Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room, ok := r.rooms[id]; ok {
		return room, nil
	}
	return nil, fault.New(fault.NotFound, "no room %q", id)
}

// OfBridge is the room that meets in a bridge; nil where that is none.
func (r *Registry) OfBridge(bridge string) *Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byBridge[bridge]
}

// PIN is that of the room with a number; none when it is open, or not there.
func (r *Registry) PIN(number string) pin.PIN {
	r.mu.Lock()
	room := r.byNumber[number]
	r.mu.Unlock()
	if room == nil {
		return pin.PIN{}
	}
	return room.Settings().PIN
}

// Guard is what the PINs of those who dial are held against.
func (r *Registry) Guard() *pin.Guard { return r.guard }

// Reserve keeps a place in the room with a number; a room that nobody made lasts
// until the last participant has left, and has the limit and the PIN of otherwise. The
// errors are those of Room.Reserve and Create.
func (r *Registry) Reserve(number string, as Role, otherwise Settings) (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.byNumber[number]
	if room == nil {
		if number == "" {
			return nil, fault.New(fault.Invalid, "no room number")
		}
		var err error
		if room, err = r.create(Settings{Number: number, Name: number, Max: otherwise.Max, PIN: otherwise.PIN}); err != nil {
			return nil, err
		}
	}
	return room.Reserve(as)
}

// Rooms lists the rooms, oldest first.
func (r *Registry) Rooms() []*Room {
	r.mu.Lock()
	out := make([]*Room, 0, len(r.rooms))
	for _, room := range r.rooms {
		out = append(out, room)
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b *Room) int {
		return cmp.Or(a.created.Compare(b.created), strings.Compare(a.id, b.id))
	})
	return out
}
