package ring

import (
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/doorbell"
)

// Queue is a bounded queue of values from many writers to one reader. Each slot
// carries a turn number that says whether it waits for a writer or for the reader
// (after D. Vyukov's bounded queue).
type Queue[T any] struct {
	slots  []slot[T]
	_      [40]byte
	tail   atomic.Uint64 // next to write
	_      [56]byte
	head   uint64 // next to read
	reader *doorbell.Sleeper
}

type slot[T any] struct {
	turn  atomic.Uint64
	value T
}

// NewQueue makes a queue of at least size slots, whose reader is woken by a Bell.
func NewQueue[T any](size int, bell *doorbell.Bell) *Queue[T] {
	n := 1
	for n < size {
		n *= 2
	}
	q := &Queue[T]{slots: make([]slot[T], n), reader: doorbell.NewSleeper(bell)}
	for i := range q.slots {
		q.slots[i].turn.Store(uint64(i))
	}
	return q
}

// Push adds a value, which is copied; false when the queue is full. It takes no lock, also
// where the reader sleeps and must be woken.
func (q *Queue[T]) Push(v *T) bool {
	for {
		at := q.tail.Load()
		s := &q.slots[at&uint64(len(q.slots)-1)]
		switch turn := s.turn.Load(); {
		case turn == at:
			if !q.tail.CompareAndSwap(at, at+1) {
				continue
			}
			s.value = *v
			s.turn.Store(at + 1)
			q.reader.Rouse()
			return true
		case turn < at:
			return false
		}
	}
}

// Pop takes the oldest value; only the reader calls it.
func (q *Queue[T]) Pop(v *T) bool {
	s := &q.slots[q.head&uint64(len(q.slots)-1)]
	if s.turn.Load() != q.head+1 {
		return false
	}
	*v = s.value
	var none T
	s.value = none
	s.turn.Store(q.head + uint64(len(q.slots)))
	q.head++
	return true
}

// Run is the reader: it delivers values until stop is closed, and then what is left.
func (q *Queue[T]) Run(stop <-chan struct{}, deliver func(*T)) {
	var v T
	for {
		for q.Pop(&v) {
			deliver(&v)
		}
		q.reader.Rests()
		if q.Pop(&v) { // came before that was seen
			q.reader.Stays()
			deliver(&v)
			continue
		}
		select {
		case <-q.reader.Woken():
		case <-stop:
			for q.Pop(&v) {
				deliver(&v)
			}
			return
		}
	}
}
