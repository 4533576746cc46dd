// Package conference keeps the rooms that people meet in: by number for those
// who dial, by id for those who come through the API. Both kinds of caller are
// in the same room.
//
// Goroutines: one per participant, which waits for its channel to leave and
// ends then.
package conference

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Role is what a participant may do.
type Role string

// The roles.
const (
	RoleParticipant Role = "participant"
	RoleModerator   Role = "moderator"
)

// Settings are a room's own.
type Settings struct {
	ID     string // UUID; made when empty
	Number string // what phones dial; made by the registry when empty
	Name   string
	Max    int // participants; 0 means no limit
	// Kept rooms stay when the last participant leaves.
	Kept    bool
	Created time.Time
	Creator string
}

// Participant is one party in a room; immutable.
type Participant struct {
	ID      string
	Channel signaling.ChannelID
	User    string // the API's user; empty for a phone
	Role    Role
	Joined  time.Time
	// Left is closed when the participant has left the room.
	Left <-chan struct{}
}

// Room is a conference and who is in it.
type Room struct {
	settings Settings
	registry *Registry
	bridge   *signaling.Bridge

	mu      sync.Mutex
	members []Participant
	// reserved counts those who were let in and have not arrived.
	reserved int
	closed   bool
	waiting  sync.WaitGroup
}

// Registry holds the rooms of the process.
type Registry struct {
	engine *signaling.Engine

	mu     sync.Mutex
	rooms  map[string]*Room // by id
	number int
}

// NewRegistry makes an empty registry.
func NewRegistry(e *signaling.Engine) *Registry {
	return &Registry{engine: e, rooms: make(map[string]*Room), number: firstNumber}
}

const (
	firstNumber = 9001 // 9000 is the demo's
	lastNumber  = 9999
)

// Create makes a room. It fails with fault.Conflict when the number is taken and
// fault.Full when no number is left.
func (r *Registry) Create(s Settings) (*Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.create(s)
}

func (r *Registry) create(s Settings) (*Room, error) {
	if s.ID == "" {
		s.ID = signaling.NewID()
	}
	if s.Number == "" {
		n, err := r.freeNumber()
		if err != nil {
			return nil, err
		}
		s.Number = n
	} else if r.byNumber(s.Number) != nil {
		return nil, fault.WithCode(fault.Conflict, "number_taken", "room number %s is taken", s.Number)
	}
	if s.Created.IsZero() {
		s.Created = time.Now()
	}
	room := &Room{settings: s, registry: r}
	room.bridge = r.engine.NewBridge(signaling.BridgeConfig{Name: s.Number, Creator: "ConfBridge", AlwaysMix: true})
	r.rooms[s.ID] = room
	return room, nil
}

func (r *Registry) freeNumber() (string, error) {
	for range lastNumber - firstNumber + 1 {
		n := strconv.Itoa(r.number)
		if r.number++; r.number > lastNumber {
			r.number = firstNumber
		}
		if r.byNumber(n) == nil {
			return n, nil
		}
	}
	return "", fault.New(fault.Full, "no room number left between %d and %d", firstNumber, lastNumber)
}

func (r *Registry) byNumber(number string) *Room {
	for _, room := range r.rooms {
		if room.settings.Number == number {
			return room
		}
	}
	return nil
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

// Reserve keeps a place in the room with a number; a room that nobody made lasts
// until the last participant has left, and max is its limit.
func (r *Registry) Reserve(number string, max int) (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.byNumber(number)
	if room == nil {
		var err error
		if room, err = r.create(Settings{Number: number, Name: number, Max: max}); err != nil {
			return nil, err
		}
	}
	return room.Reserve()
}

// Rooms lists the rooms, oldest first.
func (r *Registry) Rooms() []*Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Room, 0, len(r.rooms))
	for _, room := range r.rooms {
		out = append(out, room)
	}
	slices.SortFunc(out, func(a, b *Room) int {
		if d := a.settings.Created.Compare(b.settings.Created); d != 0 {
			return d
		}
		return strings.Compare(a.settings.ID, b.settings.ID)
	})
	return out
}

// Settings are the room's.
func (r *Room) Settings() Settings { return r.settings }

// Bridge is what joins the room's channels.
func (r *Room) Bridge() *signaling.Bridge { return r.bridge }

// Participants lists who is in the room, in order of arrival.
func (r *Room) Participants() []Participant {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// Place is the right to enter a room, held from before the answer until the
// channel is in.
type Place struct {
	room *Room
	once sync.Once
}

// Reserve keeps a place for a party that is about to come. It fails with
// fault.Full (code room_full) when there is none, fault.Gone when the room has
// ended.
func (r *Room) Reserve() (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, fault.New(fault.Gone, "room %s has ended", r.settings.Number)
	case r.settings.Max > 0 && len(r.members)+r.reserved >= r.settings.Max:
		return nil, fault.WithCode(fault.Full, "room_full", "room %s has its %d participants", r.settings.Number, r.settings.Max)
	}
	r.reserved++
	return &Place{room: r}, nil
}

// Room is the room of the place.
func (p *Place) Room() *Room { return p.room }

// Release gives the place back; it does nothing after Enter.
func (p *Place) Release() {
	p.once.Do(func() {
		p.room.mu.Lock()
		p.room.reserved--
		p.room.mu.Unlock()
		p.room.closeIfOver()
	})
}

// Enter puts a channel into the room. The participant leaves when the channel
// hangs up or is moved elsewhere.
func (p *Place) Enter(ctx context.Context, c *signaling.Channel, user string, role Role) (Participant, error) {
	r := p.room
	if err := r.bridge.Add(ctx, c); err != nil {
		p.Release()
		return Participant{}, err
	}
	left := make(chan struct{})
	m := Participant{
		ID: signaling.NewID(), Channel: c.ID(), User: user, Role: role, Joined: time.Now(), Left: left,
	}
	p.once.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reserved--
		r.members = append(r.members, m)
		r.waiting.Add(1)
		go r.await(c, m.ID, left) // owned by the room, ended by the channel leaving it
	})
	return m, nil
}

// await lets a participant go once its channel is in this room no more.
func (r *Room) await(c *signaling.Channel, id string, left chan<- struct{}) {
	defer r.waiting.Done()
	bridge := r.bridge.ID()
	_, _ = c.Until(context.Background(), func(s signaling.ChannelSnapshot) bool { // ends with the channel
		return s.Ended || s.Bridge != bridge
	})
	r.mu.Lock()
	r.members = slices.DeleteFunc(r.members, func(m Participant) bool { return m.ID == id })
	r.mu.Unlock()
	close(left)
	r.closeIfOver()
}

// Kick takes a participant out; the channel stays up. It fails with
// fault.NotFound for somebody who is not there.
func (r *Room) Kick(ctx context.Context, id string) error {
	for _, m := range r.Participants() {
		if m.ID != id {
			continue
		}
		c, err := r.registry.engine.Channel(string(m.Channel))
		if err != nil {
			return err
		}
		return r.bridge.Remove(ctx, c)
	}
	return fault.New(fault.NotFound, "no participant %q in room %s", id, r.settings.Number)
}

// closeIfOver ends a room made by dialling once nobody is in it or on the way.
func (r *Room) closeIfOver() {
	r.registry.mu.Lock() // before the room's own, so that nobody finds it meanwhile
	r.mu.Lock()
	over := !r.settings.Kept && !r.closed && len(r.members) == 0 && r.reserved == 0
	if over {
		r.closed = true
		delete(r.registry.rooms, r.settings.ID)
	}
	r.mu.Unlock()
	r.registry.mu.Unlock()
	if over {
		r.bridge.Close()
	}
}

// Close ends the room: its channels leave it and stay up.
func (r *Room) Close() {
	r.registry.mu.Lock()
	r.mu.Lock()
	already := r.closed
	r.closed = true
	delete(r.registry.rooms, r.settings.ID)
	r.mu.Unlock()
	r.registry.mu.Unlock()
	if !already {
		r.bridge.Close()
	}
	r.waiting.Wait()
}
