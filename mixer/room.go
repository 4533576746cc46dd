package mixer

import (
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/mailbox"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/room"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// RoomConfig is what a room is made with.
type RoomConfig struct {
	// Name appears in logs.
	Name string
	// Events is called for each of the room's events, in order, on the engine's
	// event goroutine. It must not block. nil drops them.
	Events func(Event)
	// MaxMembers bounds the ports in the room; 0 means Config.MaxMembers.
	MaxMembers int
	// MaxTalkers bounds who is heard at one time: the loudest. 0 means all of up to
	// SmallRoom who may talk, and DefaultMaxTalkers of more.
	MaxTalkers int
	// Activity says who is heard; the zero value means dsp.DefaultActivity.
	Activity dsp.ActivityConfig
}

// Where a room does not say how many are heard at one time, that is everyone in one in
// which at most SmallRoom may talk, as at a table, and DefaultMaxTalkers in a larger one:
// as many as anyone can follow who all talk at once.
const (
	DefaultMaxTalkers = room.UsualTalkers
	SmallRoom         = room.SmallRoom
)

// Room mixes any number of ports: each hears everyone but itself.
type Room struct {
	engine  *Engine
	cfg     RoomConfig
	mail    mailbox.Box[worker.Worker]
	mix     worker.Room // the worker's side
	rests   time.Time   // the balancer's: until when the room stays where it is
	annexes []*annex    // the balancer's: those that the room has, or had

	mu      sync.Mutex // what the control side remembers
	closed  bool
	members int
	plays   program
	rates   []int // of those who listen, or did; what is played is prepared for them
}

// Name is the name the room was made with.
func (r *Room) Name() string { return r.cfg.Name }

// Members is the number of ports that are in the room or on their way into it.
func (r *Room) Members() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.members
}

// enter takes a place in the room.
func (r *Room) enter() error {
	if r.mix.Home.At.Load().Budget.Overloaded() {
		return errOverloaded
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return fault.New(fault.Gone, "mixer: room closed")
	case r.members >= r.cfg.MaxMembers:
		return fault.WithCode(fault.Full, "room_full", "mixer: room has %d members", r.members)
	}
	r.members++
	return nil
}

func (r *Room) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

func (r *Room) exit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members--
}

// Close ends the room; its members become idle, each with a Left event. It may be
// called again.
func (r *Room) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	r.mail.Post(func(w *worker.Worker) *worker.Worker { r.mix.Close(w); return nil })
}

// RoomSnapshot is a room at one moment.
type RoomSnapshot struct {
	Name    string
	Members []MemberSnapshot
	// Speaker is the active speaker, or nil.
	Speaker *Port
	// Skipped is the number of frames that were not mixed for want of time.
	Skipped uint64
	// Away is how many of the Members are served by other workers than the room's.
	Away int
	// MixTime is what one frame of the room costs its worker, of late.
	MixTime time.Duration
}

// MemberSnapshot is one port in a room.
type MemberSnapshot struct {
	Port *Port
	// Level is what the port last said, in −dBov: 0 loudest, 127 silence.
	Level uint8
	// Talking tells that the port is in the sum.
	Talking bool
}

// Snapshot is the room as its worker last published it, at most a fifth of a
// second old; joins and leaves show within a tick.
func (r *Room) Snapshot() RoomSnapshot { return r.snapshot() }
