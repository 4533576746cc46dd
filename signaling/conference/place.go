package conference

import (
	"context"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Place is the right to enter a room, held from before the answer until the
// channel is in. It is good for one Enter.
type Place struct {
	room *Room

	// Of who is to come; the room's lock guards them.
	id     string
	user   string
	role   Role
	marked bool

	mu     sync.Mutex
	spent  bool // entered, or given back
	kicked chan struct{}
}

// waiter is somebody who has a place and is not to enter yet.
type waiter struct {
	Participant
	place *Place
}

// Room is the room of the place.
func (p *Place) Room() *Room { return p.room }

// Name gives who is to come an id of the caller's choice. It is called before anybody comes.
func (p *Place) Name(id string) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.id = id
}

// SetRole makes who is to come a moderator, or none. It fails with fault.Conflict for a viewer, who
// stays one.
func (p *Place) SetRole(role Role) error {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.role == RoleViewer {
		return errViewer
	}
	p.role = role
	return nil
}

// Role is what who is to come may do, or who is in the room by the place.
func (p *Place) Role() Role {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	for i := range p.room.members {
		if m := &p.room.members[i]; m.ID == p.id {
			return m.Role
		}
	}
	return p.role
}

// Mark makes who enters by this place a marked participant.
func (p *Place) Mark() {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.marked = true
}

// spend takes the place, once.
func (p *Place) spend() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.spent {
		return false
	}
	p.spent = true
	return true
}

// Release gives the place back; it does nothing after Enter.
func (p *Place) Release() {
	if p.spend() {
		p.stopWaiting(true)
		p.giveBack()
	}
}

func (p *Place) giveBack() {
	r := p.room
	r.mu.Lock()
	r.hold(p.role, -1)
	r.tellEnd()
	r.mu.Unlock()
	r.closeIfOver()
}

// Enter puts a channel into the room. The participant leaves when the channel
// hangs up or is moved elsewhere. It fails with fault.Gone when the room or the
// channel has ended or the place was given back, and with the other errors of
// Bridge.Add; the place is spent in any case.
func (p *Place) Enter(ctx context.Context, c *signaling.Channel, user string, role Role) (Participant, error) {
	p.room.mu.Lock()
	p.user = user
	if p.role != RoleViewer {
		p.role = role
	}
	p.room.mu.Unlock()
	return p.enter(ctx, c)
}

func (p *Place) enter(ctx context.Context, c *signaling.Channel) (Participant, error) {
	r := p.room
	if !p.spend() {
		return Participant{}, errGivenBack
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		p.stopWaiting(true)
		p.giveBack()
		return Participant{}, r.ended()
	}
	r.awaited.Add(1)
	r.mu.Unlock()
	if err := r.bridge.Add(ctx, c); err != nil {
		// When ctx was what ended, the channel may still come in.
		if rerr := r.bridge.Remove(context.WithoutCancel(ctx), c); rerr != nil && fault.Of(rerr) != fault.Gone {
			c.Log().Warn("channel not taken out of a room", "room", r.Settings().Number, "err", rerr)
		}
		r.awaited.Done()
		p.stopWaiting(true)
		p.giveBack()
		return Participant{}, err
	}
	p.stopWaiting(false)
	left := make(chan struct{})
	r.mu.Lock()
	m := Participant{
		ID: p.id, Channel: c.ID(), User: p.user, Endpoint: endpointOf(c), Role: p.role, Joined: r.registry.engine.Now(), Left: left, Marked: p.marked,
	}
	r.hold(p.role, -1)
	r.members = append(r.members, m)
	r.roster.Store(nil)
	r.tell(event.RoomJoined, m)
	r.recount()
	r.mu.Unlock()
	r.await(c, m.ID, left)
	return m, nil
}

// wait shows who has the place as waiting, until it is spent. kicked is closed when somebody
// puts them out.
func (p *Place) wait(c *signaling.Channel) (kicked <-chan struct{}) {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kicked != nil {
		return p.kicked
	}
	p.kicked = make(chan struct{})
	if p.spent { // given back meanwhile
		close(p.kicked)
		return p.kicked
	}
	w := waiter{place: p, Participant: Participant{
		ID: p.id, Channel: c.ID(), User: p.user, Endpoint: endpointOf(c), Role: p.role, Joined: r.registry.engine.Now(), Marked: p.marked, Waiting: true, Left: p.kicked,
	}}
	r.waiting = append(r.waiting, w)
	r.roster.Store(nil)
	r.tell(event.RoomWaiting, w.Participant)
	return p.kicked
}

// kick ends the wait. The room's lock is held.
func (p *Place) kick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !isClosed(p.kicked) {
		close(p.kicked)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// stopWaiting takes who has the place off the list of those who wait.
func (p *Place) stopWaiting(leaves bool) {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roster.Store(nil)
	r.waiting = slices.DeleteFunc(r.waiting, func(w waiter) bool {
		if w.place == p && leaves {
			r.tell(event.RoomLeft, w.Participant)
		}
		return w.place == p
	})
}
