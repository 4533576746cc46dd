package conference

import (
	"context"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Place is the right to enter a room, held from before the answer until the
// channel is in. It is good for one Enter.
type Place struct {
	room *Room

	mu     sync.Mutex
	spent  bool // entered, or given back
	marked bool
}

// Room is the room of the place.
func (p *Place) Room() *Room { return p.room }

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
		p.room.giveBack()
	}
}

func (r *Room) giveBack() {
	r.mu.Lock()
	r.reserved--
	r.mu.Unlock()
	r.closeIfOver()
}

// Enter puts a channel into the room. The participant leaves when the channel
// hangs up or is moved elsewhere. It fails with fault.Gone when the room or the
// channel has ended or the place was given back, and with the other errors of
// Bridge.Add; the place is spent in any case.
func (p *Place) Enter(ctx context.Context, c *signaling.Channel, user string, role Role) (Participant, error) {
	r := p.room
	if !p.spend() {
		return Participant{}, fault.New(fault.Gone, "the place in room %s was given back", r.settings.Number)
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		r.giveBack()
		return Participant{}, r.ended()
	}
	r.awaited.Add(1)
	r.mu.Unlock()
	if err := r.bridge.Add(ctx, c); err != nil {
		// When ctx was what ended, the channel may still come in.
		if rerr := r.bridge.Remove(context.WithoutCancel(ctx), c); rerr != nil && fault.Of(rerr) != fault.Gone {
			c.Log().Warn("channel not taken out of a room", "room", r.settings.Number, "err", rerr)
		}
		r.awaited.Done()
		r.giveBack()
		return Participant{}, err
	}
	left := make(chan struct{})
	m := Participant{
		ID: signaling.NewID(), Channel: c.ID(), User: user, Role: role, Joined: r.registry.engine.Now(), Left: left,
		Marked: p.isMarked(),
	}
	r.mu.Lock()
	r.reserved--
	r.members = append(r.members, m)
	if m.Marked {
		r.markEnters()
	}
	r.mu.Unlock()
	r.await(c, m.ID, left)
	return m, nil
}
