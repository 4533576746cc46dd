package mixer

import "sync/atomic"

// eventRing is a bounded queue from all workers to the event goroutine. It is one
// queue, not one per worker: a port that moves between workers must not have its
// events overtake each other. Each slot carries a turn number that says whether
// it waits for a writer or for the reader (after D. Vyukov's bounded queue).
type eventRing struct {
	slots []eventSlot
	_     [40]byte
	tail  atomic.Uint64 // next to write
	_     [56]byte
	head  uint64 // next to read
	idle  atomic.Bool
	wake  chan struct{}
	lost  atomic.Uint64
}

type eventSlot struct {
	turn  atomic.Uint64
	event Event
}

// newEventRing makes a ring of at least size slots.
func newEventRing(size int) *eventRing {
	n := 1
	for n < size {
		n *= 2
	}
	r := &eventRing{slots: make([]eventSlot, n), wake: make(chan struct{}, 1)}
	for i := range r.slots {
		r.slots[i].turn.Store(uint64(i))
	}
	return r
}

// push adds an event; false when the ring is full. It takes no lock, unless the
// reader sleeps and must be woken.
func (r *eventRing) push(ev *Event) bool {
	for {
		at := r.tail.Load()
		s := &r.slots[at&uint64(len(r.slots)-1)]
		switch turn := s.turn.Load(); {
		case turn == at:
			if !r.tail.CompareAndSwap(at, at+1) {
				continue
			}
			s.event = *ev
			s.turn.Store(at + 1)
			if r.idle.Load() && r.idle.CompareAndSwap(true, false) {
				select {
				case r.wake <- struct{}{}:
				default:
				}
			}
			return true
		case turn < at:
			return false
		}
	}
}

// pop takes the oldest event; only the event goroutine calls it.
func (r *eventRing) pop(ev *Event) bool {
	s := &r.slots[r.head&uint64(len(r.slots)-1)]
	if s.turn.Load() != r.head+1 {
		return false
	}
	*ev = s.event
	s.event = Event{}
	s.turn.Store(r.head + uint64(len(r.slots)))
	r.head++
	return true
}

// run delivers events until stop is closed, and then what is left.
func (r *eventRing) run(stop <-chan struct{}, deliver func(*Event)) {
	var ev Event
	for {
		for r.pop(&ev) {
			deliver(&ev)
		}
		r.idle.Store(true)
		if r.pop(&ev) { // came before idle was seen
			r.idle.Store(false)
			deliver(&ev)
			continue
		}
		select {
		case <-r.wake:
		case <-stop:
			for r.pop(&ev) {
				deliver(&ev)
			}
			return
		}
	}
}
