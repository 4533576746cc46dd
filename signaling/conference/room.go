package conference

import (
	"context"
	"slices"
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

// Participant is one party in a room; immutable.
type Participant struct {
	ID      string
	Channel signaling.ChannelID
	User    string // the API's user; empty for a phone
	Role    Role
	Joined  time.Time
	Marked  bool // others may wait for them, see Marks
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
	marks    Marks
	remarked chan struct{} // closed at the next change of marks
	// awaited counts those who are in or on their way.
	awaited sync.WaitGroup
}

// Settings are the room's.
func (r *Room) Settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings
}

// Change gives the room another name and limit. Nobody is put out by a lower one.
func (r *Room) Change(name string, limit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings.Name, r.settings.Max = name, limit
}

// Bridge is what joins the room's channels.
func (r *Room) Bridge() *signaling.Bridge { return r.bridge }

// Participants lists who is in the room, in order of arrival.
func (r *Room) Participants() []Participant {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// Reserve keeps a place for a party that is about to come. It fails with
// fault.Full (code room_full) when there is none, fault.Gone when the room has
// ended.
func (r *Room) Reserve() (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, r.ended()
	case r.settings.Max > 0 && len(r.members)+r.reserved >= r.settings.Max:
		return nil, fault.WithCode(fault.Full, "room_full", "room %s has its %d participants", r.settings.Number, r.settings.Max)
	}
	r.reserved++
	return &Place{room: r}, nil
}

func (r *Room) ended() error { return fault.New(fault.Gone, "room %s has ended", r.settings.Number) }

// await lets a participant go once its channel is in this room no more. Should that
// not be possible the participant's call ends, and nobody else's.
func (r *Room) await(c *signaling.Channel, id string, left chan<- struct{}) {
	elsewhere := func(s signaling.ChannelSnapshot) bool { return s.Ended || s.Bridge != r.bridge.ID() }
	c.When("a participant's stay, call ended", elsewhere, func() {
		defer r.awaited.Done()
		defer close(left)
		r.lose(id)
	})
}

// lose takes a participant off the list, and ends a room whose last one it was.
func (r *Room) lose(id string) {
	r.mu.Lock()
	r.members = slices.DeleteFunc(r.members, func(m Participant) bool {
		if m.ID == id && m.Marked {
			r.markLeaves()
		}
		return m.ID == id
	})
	r.mu.Unlock()
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

// Leave takes a channel out of the room, if it is there; it stays up.
func (r *Room) Leave(ctx context.Context, c *signaling.Channel) error { return r.bridge.Remove(ctx, c) }

// closeIfOver ends a room made by dialling once nobody is in it or on the way.
func (r *Room) closeIfOver() {
	r.end(func() bool { return !r.settings.Kept && len(r.members) == 0 && r.reserved == 0 })
}

// end closes the room when it is open and the condition holds, under both locks,
// so that nobody finds it meanwhile.
func (r *Room) end(condition func() bool) {
	r.registry.mu.Lock()
	r.mu.Lock()
	over := !r.closed && condition()
	if over {
		r.closed = true
		r.remark()
		r.registry.forget(r)
	}
	r.mu.Unlock()
	r.registry.mu.Unlock()
	if over {
		r.bridge.Close()
	}
}

// Close ends the room and waits until everybody has left it; their channels stay
// up. It may be called again, but not by a channel's actor.
func (r *Room) Close() {
	r.end(func() bool { return true })
	r.awaited.Wait()
}
