package handout

import "sync/atomic"

const (
	// Kept is how many frames that were read stay where they are: 160 ms.
	Kept = 8
	// slots also holds as many that wait for the reader.
	slots = 2 * Kept
)

// Queue carries frames from one writer to one reader. The zero value is empty.
type Queue struct {
	frames [slots]Frame
	next   uint64 // to be read; the reader's
	_      [56]byte
	free   atomic.Uint64 // frames before it may be written over; the reader writes it
	_      [56]byte
	tail   atomic.Uint64 // the writer's
	_      [56]byte
}

// Slot is where the writer makes the next frame, which Commit adds; nil when the reader
// is too far behind.
func (q *Queue) Slot() *Frame {
	tail := q.tail.Load()
	if tail-q.free.Load() >= slots {
		return nil
	}
	return &q.frames[tail%slots]
}

// Commit adds the frame that Slot gave.
func (q *Queue) Commit() { q.tail.Add(1) }

// Next reads a frame; nil when there is none. It and the Kept before it stay as they are
// until the Next after it.
func (q *Queue) Next() *Frame {
	if q.next == q.tail.Load() {
		return nil
	}
	f := &q.frames[q.next%slots]
	q.next++
	if q.next > Kept {
		q.free.Store(q.next - Kept)
	}
	return f
}

// Past is the i-th last frame that was read, from 1 to Kept; nil when there was none.
func (q *Queue) Past(i int) *Frame {
	if uint64(i) > q.next || i > Kept {
		return nil
	}
	return &q.frames[(q.next-uint64(i))%slots]
}
