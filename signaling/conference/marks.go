package conference

import (
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Marks are a room's marked participants, for whom others wait and with whom they
// leave: those of ConfBridge's marked, and in a moderated room its moderators.
type Marks struct {
	Now    int // how many are in the room
	Leaves int // how many have left it so far
	Ends   int // how many times the last one has
	// Moderated and Holding are the room's settings.
	Moderated, Holding bool
	Over               bool // the room has ended
	// Changed is closed when this is not so any more, and when the room ends.
	Changed <-chan struct{}
}

// Marks are the room's at this moment.
func (r *Room) Marks() Marks {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.marks
	m.Moderated, m.Holding = r.settings.Moderated, r.settings.Holding
	m.Over, m.Changed = r.closed, r.remarked
	return m
}

// isMarked reports whether others wait for a participant. The lock is held.
func (r *Room) isMarked(marked bool, role Role) bool {
	return marked || r.settings.Moderated && role == RoleModerator
}

// recount counts the marked participants anew, and wakes who waits for a change. The lock is
// held.
func (r *Room) recount() {
	n, was := r.countMarked(), r.marks.Now
	if n == was {
		return
	}
	r.marks.Now = n
	if n < was {
		r.marks.Leaves += was - n
	}
	if n == 0 {
		r.marks.Ends++
	}
	r.remark()
}

func (r *Room) countMarked() (n int) {
	for _, m := range r.members {
		if r.isMarked(m.Marked, m.Role) {
			n++
		}
	}
	return n
}

// remark wakes who waits for a change. The lock is held.
func (r *Room) remark() {
	close(r.remarked)
	r.remarked = make(chan struct{})
}

// StepOut keeps a place for a participant who is about to leave the room and will come
// back: no limit and no lock keeps them from it. It fails with fault.Gone when the room has
// ended.
func (r *Room) StepOut(m Participant) (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, r.ended()
	}
	role := m.Role
	for _, now := range r.members {
		if now.ID == m.ID {
			role = now.Role
		}
	}
	r.hold(role, 1)
	return &Place{room: r, id: m.ID, user: m.User, role: role, marked: m.Marked}, nil
}

// Event is the data of what happens in a room.
type Event struct {
	Room        string // its id
	Locked      bool
	Participant Participant // of RoomJoined, RoomWaiting, RoomLeft, RoomRole and RoomAway
}

// tellEnd publishes that the room has ended, once nobody is in it or on the way. The lock is
// held.
func (r *Room) tellEnd() {
	if r.closed && !r.told && len(r.members) == 0 && r.reserved == 0 {
		r.told = true
		r.tell(event.RoomEnded, Participant{})
	}
}

// tell publishes what happens in the room. The lock is held, so that all is told in order.
func (r *Room) tell(t event.Type, m Participant) {
	r.registry.engine.Bus().Publish(event.Event{
		Type: t, Channel: string(m.Channel), Bridge: r.bridgeID,
		Data: Event{Room: r.settings.ID, Locked: r.settings.Locked, Participant: m},
	})
}

var errGivenBack = fault.New(fault.Gone, "the place was given back")
