package ring

import (
	"encoding/binary"
	"sync/atomic"
)

// Bytes is a queue of byte records, each with a number, between one writer and one
// reader. A record is its length (uint32), a number (uint64) and its bytes, in one
// piece; a length of skipRecord sends the reader back to the start of data.
type Bytes struct {
	data []byte // length a power of two
	_    [40]byte
	head atomic.Uint64 // written by the reader
	_    [56]byte
	tail atomic.Uint64 // written by the writer
	_    [56]byte
}

const (
	recordHeader = 12
	skipRecord   = 1<<32 - 1
)

// NewBytes makes a queue of size bytes, a power of two; records take 12 bytes more
// than they hold.
func NewBytes(size int) Bytes { return Bytes{data: make([]byte, size)} }

// Push adds a record; false when it does not fit.
func (q *Bytes) Push(p []byte, number int64) bool {
	size := uint64(len(q.data))
	need := uint64(recordHeader+len(p)+7) &^ 7
	tail, head := q.tail.Load(), q.head.Load()
	at := tail & (size - 1)
	skip := uint64(0)
	if at+need > size {
		skip = size - at
	}
	if tail+skip+need-head > size {
		return false
	}
	if skip > 0 {
		// Records are multiples of 8, so a length always fits here.
		binary.LittleEndian.PutUint32(q.data[at:], skipRecord)
		tail, at = tail+skip, 0
	}
	binary.LittleEndian.PutUint32(q.data[at:], uint32(len(p)))
	binary.LittleEndian.PutUint64(q.data[at+4:], uint64(number))
	copy(q.data[at+recordHeader:], p)
	q.tail.Store(tail + need)
	return true
}

// Empty reports whether nothing waits to be read.
func (q *Bytes) Empty() bool { return q.head.Load() == q.tail.Load() }

// Peek is the oldest record, which stays until Drop. It is a view into the ring.
func (q *Bytes) Peek() (p []byte, number int64, ok bool) {
	head := q.head.Load()
	if head == q.tail.Load() {
		return nil, 0, false
	}
	size := uint64(len(q.data))
	at := head & (size - 1)
	n := binary.LittleEndian.Uint32(q.data[at:])
	if n == skipRecord {
		head += size - at
		q.head.Store(head)
		at = 0
		n = binary.LittleEndian.Uint32(q.data)
	}
	number = int64(binary.LittleEndian.Uint64(q.data[at+4:]))
	start := at + recordHeader
	return q.data[start : start+uint64(n) : start+uint64(n)], number, true
}

// Drop removes the record that Peek gave.
func (q *Bytes) Drop(p []byte) {
	q.head.Store(q.head.Load() + uint64(recordHeader+len(p)+7)&^7)
}

// Pop copies the oldest record into buf, removes it, and gives the number of bytes
// copied; false when there is none.
func (q *Bytes) Pop(buf []byte) (int, bool) {
	p, _, ok := q.Peek()
	if !ok {
		return 0, false
	}
	n := copy(buf, p)
	q.Drop(p)
	return n, true
}
