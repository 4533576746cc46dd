package ring

import "sync/atomic"

// Frames is a queue of pieces of PCM of one length, each with a number, between one
// writer and one reader. The writer fills a piece where it lies.
type Frames struct {
	pcm     []int16 // length slots × size
	numbers []int64 // length slots, a power of two
	size    int
	_       [8]byte
	head    atomic.Uint64 // written by the reader
	_       [56]byte
	tail    atomic.Uint64 // written by the writer
	_       [56]byte
}

// NewFrames makes a queue of at least slots pieces of size samples.
func NewFrames(slots, size int) *Frames {
	n := 1
	for n < slots {
		n *= 2
	}
	return &Frames{pcm: make([]int16, n*size), numbers: make([]int64, n), size: size}
}

// Slot is the memory of the next piece, which Commit adds; nil when the queue is
// full. What is in it is of no meaning.
func (q *Frames) Slot() []int16 {
	tail := q.tail.Load()
	if tail-q.head.Load() == uint64(len(q.numbers)) {
		return nil
	}
	return q.at(tail)
}

// Commit adds the piece that Slot gave.
func (q *Frames) Commit(number int64) {
	tail := q.tail.Load()
	q.numbers[tail&uint64(len(q.numbers)-1)] = number
	q.tail.Store(tail + 1)
}

// Peek is the oldest piece, which stays until Drop. It is a view into the queue.
func (q *Frames) Peek() (pcm []int16, number int64, ok bool) {
	head := q.head.Load()
	if head == q.tail.Load() {
		return nil, 0, false
	}
	return q.at(head), q.numbers[head&uint64(len(q.numbers)-1)], true
}

// Drop removes the piece that Peek gave.
func (q *Frames) Drop() { q.head.Store(q.head.Load() + 1) }

// Len is how many pieces wait.
func (q *Frames) Len() int { return int(q.tail.Load() - q.head.Load()) }

func (q *Frames) at(n uint64) []int16 {
	i := int(n&uint64(len(q.numbers)-1)) * q.size
	return q.pcm[i : i+q.size : i+q.size]
}
