package mixer

import "github.com/skygenesisenterprise/skybridge/mixer/internal/ring"

// maxOwed bounds the events that wait for room.
const maxOwed = 1 << 16

// owed is the events that found no room in the event ring, oldest first.
type owed struct {
	events []Event
	paid   int // of events, from the front
}

func (o *owed) empty() bool { return len(o.events) == 0 }

func (o *owed) full() bool { return len(o.events)-o.paid >= maxOwed }

func (o *owed) add(ev Event) { o.events = append(o.events, ev) }

// pay hands over as many events as there is room for. What is left moves to the
// front only when that is less than what went, so an event is moved about once
// however many wait.
func (o *owed) pay(to *ring.Queue[Event]) {
	for o.paid < len(o.events) && to.Push(&o.events[o.paid]) {
		o.events[o.paid] = Event{}
		o.paid++
	}
	if o.paid*2 < len(o.events) {
		return
	}
	left := copy(o.events, o.events[o.paid:])
	clear(o.events[left:])
	o.events, o.paid = o.events[:left], 0
}

// deliver gives every event to f.
func (o *owed) deliver(f func(*Event)) {
	for ; o.paid < len(o.events); o.paid++ {
		f(&o.events[o.paid])
	}
	*o = owed{}
}
