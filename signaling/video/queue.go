package video

import (
	"sync"
	"sync/atomic"
	"time"
)

// What waits to be forwarded. A room of ten cameras has some 1,100 packets a second, and a key
// frame of each at once is some hundreds.
const (
	firstWaiting = 32
	maxWaiting   = 1024
	waitingBytes = 1600 // what the transport reads at most
	// Where there is more than crowded, nobody has more than their share: who sends without end takes
	// no places from others. controlPlaces are for what has to come through so that less is sent.
	crowded       = maxWaiting / 2
	share         = maxWaiting / 4
	controlPlaces = 64
	// So much room stays; what goes beyond it does when that much was not needed for so long.
	keptWaiting = 128
	restAfter   = time.Second
)

// queue is what came and waits for the room's goroutine. Who reads a socket that others share puts
// packets here, and goes on: it waits neither for the room's lock nor for what is sent.
type queue struct {
	came chan struct{} // something has

	mu   sync.Mutex
	list []waiting
	n    int    // of list
	turn uint64 // how often it was taken
	lost uint64 // for which there was no room

	most  int         // that was taken at once, lately
	since time.Time   // of that
	spare []waiting   // what take gave last
	busy  atomic.Bool // it is being forwarded
}

// waiting is a packet that came.
type waiting struct {
	from    *Member
	mid     string
	at      time.Time
	control bool
	size    int
	bytes   [waitingBytes]byte
}

func (q *queue) put(from *Member, mid string, control bool, packet []byte, at time.Time) {
	if len(packet) > waitingBytes {
		return // longer than is sent on
	}
	q.mu.Lock()
	if from.turn != q.turn {
		from.turn, from.waiting = q.turn, 0
	}
	if !q.room(from, control) {
		q.lost++
		q.mu.Unlock()
		return
	}
	from.waiting++
	w := &q.list[q.n]
	w.from, w.mid, w.control, w.at, w.size = from, mid, control, at, copy(w.bytes[:], packet)
	q.n++
	first := q.n == 1
	q.mu.Unlock()
	if first {
		q.wake()
	}
}

// room tells whether there is a place for one more of a member's.
func (q *queue) room(from *Member, control bool) bool {
	switch {
	case q.n >= crowded && from.waiting >= share:
		return false
	case q.n >= maxWaiting-controlPlaces && !control:
		return false
	}
	return q.n < len(q.list) || q.grow()
}

// grow makes more room, up to what is right.
func (q *queue) grow() bool {
	if len(q.list) >= maxWaiting {
		return false
	}
	list := make([]waiting, max(firstWaiting, 2*len(q.list)))
	copy(list, q.list)
	q.list = list
	return true
}

func (q *queue) wake() {
	select {
	case q.came <- struct{}{}:
	default: // it has been told
	}
}

// take takes all that waits. It is valid until the next take.
func (q *queue) take() []waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list[:q.n]
	q.busy.Store(len(list) > 0)
	q.turn++
	q.most = max(q.most, q.n)
	q.list, q.spare, q.n = q.spare, q.list, 0
	return list
}

// rest gives back what room there is after a time in which little of it was needed, or
// where nobody is there. It is for who takes, who has nothing taken by then.
func (q *queue) rest(now time.Time, idle bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Sub(q.since) < restAfter && !idle {
		return
	}
	if (idle || q.most < keptWaiting/4) && q.n == 0 && max(len(q.list), len(q.spare)) > keptWaiting {
		q.list, q.spare = nil, nil
	}
	q.most, q.since = 0, now
}

// dropped is how much has been lost so far.
func (q *queue) dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}
