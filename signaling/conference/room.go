package conference

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Role is what a participant may do.
type Role string

// The roles.
const (
	RoleParticipant Role = "participant"
	RoleModerator   Role = "moderator"
	// RoleViewer hears and sees, and is neither heard nor seen.
	RoleViewer Role = "viewer"
)

// Participant is one party in a room; immutable.
type Participant struct {
	ID      string // as long as its visit lasts
	Channel signaling.ChannelID
	User    string // the API's user; empty for a phone
	// Endpoint is that of the channel, with its technology: PJSIP/1001.
	Endpoint string
	Role     Role
	Joined   time.Time
	Marked   bool // others may wait for them, see Marks
	Waiting  bool // is not in the room yet
	Away     bool // their browser is, for now
	// Left is closed when the participant has left the room.
	Left <-chan struct{}
}

// Room is a conference and who is in it.
type Room struct {
	id       string    // its settings' too
	created  time.Time // its settings' too
	registry *Registry
	bridge   *signaling.Bridge
	bridgeID string // the bridge's, for events

	mu       sync.Mutex
	settings Settings
	members  []Participant
	waiting  []waiter
	// reserved counts those who were let in and have not arrived, viewers those of them who watch.
	reserved, viewers int
	closed            bool
	told              bool // that it has ended
	marks             Marks
	remarked          chan struct{} // closed at the next change of marks
	roster            atomic.Pointer[Roster]
	// awaited counts those who are in or on their way.
	awaited sync.WaitGroup
}

// Settings are the room's.
func (r *Room) Settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings
}

// Bridge is what joins the room's channels.
func (r *Room) Bridge() *signaling.Bridge { return r.bridge }

// Participants lists who is in the room, in order of arrival.
func (r *Room) Participants() []Participant {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// Everybody lists who is in the room, and who waits to be.
func (r *Room) Everybody() []Participant {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.members)
	for _, w := range r.waiting {
		all = append(all, w.Participant)
	}
	return all
}

// Reserve keeps a place for a party that is about to come. It fails with
// fault.Full (code room_full) when there is none, fault.Unavailable (code viewers_full) for one more
// viewer than MaxViewers, fault.Conflict (code room_locked) when the room is locked and the party no
// moderator, fault.Gone when the room has ended.
func (r *Room) Reserve(as Role) (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, r.ended()
	case r.settings.Locked && as != RoleModerator:
		return nil, fault.WithCode(fault.Conflict, Locked, "room %s is locked", r.settings.Number)
	case r.settings.Max > 0 && len(r.members)+r.reserved >= r.settings.Max:
		return nil, fault.WithCode(fault.Full, "room_full", "room %s has its %d participants", r.settings.Number, r.settings.Max)
	case as == RoleViewer && r.countViewers() >= MaxViewers:
		return nil, fault.WithCode(fault.Unavailable, "viewers_full", "room %s has its %d viewers", r.settings.Number, MaxViewers)
	}
	r.hold(as, 1)
	return &Place{room: r, id: signaling.NewID(), role: as}, nil
}

// MaxViewers is how many may watch a room, beside its own limit.
const MaxViewers = 250

// countViewers are those who watch, or are on the way. The lock is held.
func (r *Room) countViewers() int {
	n := r.viewers
	for _, m := range r.members {
		if m.Role == RoleViewer {
			n++
		}
	}
	return n
}

// hold keeps a place for a role, or lets it go (-1). The lock is held.
func (r *Room) hold(role Role, by int) {
	r.reserved += by
	if role == RoleViewer {
		r.viewers += by
	}
}

// Locked is the code of the error for a room that lets nobody in.
const Locked = "room_locked"

func (r *Room) ended() error { return fault.New(fault.Gone, "room %s has ended", r.settings.Number) }

// SetRole makes somebody who is in the room, or waits to be, a moderator, or none. It fails
// with fault.NotFound for somebody who is not there, and fault.Conflict for a viewer, who stays one.
func (r *Room) SetRole(id string, role Role) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		if m := &r.members[i]; m.ID == id {
			if m.Role == RoleViewer {
				return errViewer
			}
			m.Role = role
			r.recount()
			r.tell(event.RoomRole, *m)
			return nil
		}
	}
	for i := range r.waiting {
		if w := &r.waiting[i]; w.ID == id {
			if w.Role == RoleViewer {
				return errViewer
			}
			w.Role, w.place.role = role, role
			r.remark()
			r.tell(event.RoomRole, w.Participant)
			return nil
		}
	}
	return r.nobody(id)
}

var errViewer = fault.New(fault.Conflict, "a viewer stays one")

// SetAway tells that the browser of somebody who is in the room, or waits to be, is away for now,
// or back. Who is not there is left aside.
func (r *Room) SetAway(id string, away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.members {
		if m := &r.members[i]; m.ID == id && m.Away != away {
			m.Away = away
			r.tell(event.RoomAway, *m)
		}
	}
	for i := range r.waiting {
		if w := &r.waiting[i]; w.ID == id && w.Away != away {
			w.Away = away
			r.tell(event.RoomAway, w.Participant)
		}
	}
}

func (r *Room) nobody(id string) error {
	return fault.New(fault.NotFound, "no participant %q in room %s", id, r.settings.Number)
}

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
	defer r.closeIfOver()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roster.Store(nil)
	r.members = slices.DeleteFunc(r.members, func(m Participant) bool {
		if m.ID == id {
			r.tell(event.RoomLeft, m)
		}
		return m.ID == id
	})
	r.recount()
	r.tellEnd()
}

// Kick takes a participant out; the channel stays up. It fails with
// fault.NotFound for somebody who is not there.
func (r *Room) Kick(ctx context.Context, id string) error {
	r.mu.Lock()
	for _, w := range r.waiting {
		if w.ID == id {
			w.place.kick()
			r.mu.Unlock()
			return nil
		}
	}
	i := slices.IndexFunc(r.members, func(m Participant) bool { return m.ID == id })
	if i < 0 {
		defer r.mu.Unlock()
		return r.nobody(id)
	}
	m := r.members[i]
	r.mu.Unlock()
	c, err := r.registry.engine.Channel(string(m.Channel))
	if err != nil {
		return err
	}
	return r.bridge.Remove(ctx, c)
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
		r.tellEnd()
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
