package event

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/ring"
)

// MaxOwed bounds the events that wait for room.
const MaxOwed = 1 << 16

// Outbox is a worker's way to the event ring that all workers share. It is the worker's
// alone, but for Lost.
type Outbox struct {
	ring *ring.Queue[Event]
	lost atomic.Uint64
	owed []Event // found no room in the ring, oldest first
	paid int     // of them, from the front
}

// Init prepares an outbox for a ring.
func (o *Outbox) Init(to *ring.Queue[Event]) { o.ring = to }

// Tell publishes an event. Levels, speakers and wishes for a picture are lost when the
// control side does not keep up; what else happened waits for room, in bounds, and the end
// of a port or room without any.
func (o *Outbox) Tell(ev Event) {
	if o.Empty() && o.ring.Push(&ev) {
		return
	}
	switch {
	case ev.Kind == Closed, ev.Kind == RoomClosed: // one each, and somebody waits for it
	case ev.Kind == Levels, ev.Kind == ActiveSpeaker, ev.Kind == PictureWanted, len(o.owed)-o.paid >= MaxOwed:
		o.lost.Add(1)
		return
	}
	o.owed = append(o.owed, ev)
}

// Empty reports whether nothing waits for room.
func (o *Outbox) Empty() bool { return len(o.owed) == 0 }

// Lost is the number of events that found no room; safe from anywhere.
func (o *Outbox) Lost() uint64 { return o.lost.Load() }

// Pay hands over as many events as there is room for. What is left moves to the
// front only when that is less than what went, so an event is moved about once
// however many wait.
func (o *Outbox) Pay() {
	for o.paid < len(o.owed) && o.ring.Push(&o.owed[o.paid]) {
		o.owed[o.paid] = Event{}
		o.paid++
	}
	if o.paid*2 < len(o.owed) {
		return
	}
	left := copy(o.owed, o.owed[o.paid:])
	clear(o.owed[left:])
	o.owed, o.paid = o.owed[:left], 0
}

// Deliver gives every event that waits to f.
func (o *Outbox) Deliver(f func(*Event)) {
	for ; o.paid < len(o.owed); o.paid++ {
		f(&o.owed[o.paid])
	}
	o.owed, o.paid = nil, 0
}
