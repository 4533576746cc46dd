package transaction

import (
	"sort"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/index"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// remains are what is known of transactions that have ended but for their last timer, J or
// L of RFC 3261 §17.2 and RFC 6026 §7.1, in the order in which they are to be forgotten:
// all of them stay as long. A server that is asked ten thousand times a second has hundreds
// of thousands, so they share one timer, and lie side by side with next to nothing for the
// collector to follow. A Table's lock guards them.
type remains struct {
	began  time.Time
	queue  []remainder
	first  int                          // of queue; what is before it is gone
	gone   uint64                       // how many ever were dropped: the first one's number is one more
	found  index.Index[imprint, uint64] // numbers by key
	merged index.Index[imprint, uint64]
	room   []byte // for answers; many share a piece, which the last of them to go frees
	timer  *time.Timer
}

type remainder struct {
	until      time.Duration // since began
	key, merge imprint
	flow       transport.Flow
	tag        string // of an INVITE that was accepted
	answer     []byte // what else was asked gets again
}

// roomForAnswers is how much is allocated at once for them, in bytes.
const roomForAnswers = 64 << 10

// push adds what is left of a transaction, which stays so long.
func (q *remains) push(tx *Server, answer []byte, stay time.Duration) {
	if q.first > 1024 && q.first > len(q.queue)/2 {
		n := copy(q.queue, q.queue[q.first:])
		clear(q.queue[n:])
		q.queue, q.first = q.queue[:n], 0
	}
	r := remainder{until: time.Since(q.began) + stay, key: tx.key, merge: tx.merge, flow: tx.flow, answer: q.copy(answer)}
	if tx.state == accepted {
		r.tag = tx.tag
	}
	q.queue = append(q.queue, r)
	number := q.gone + uint64(len(q.queue)-q.first) //nolint:gosec // a length
	q.found.Put(r.key, number)
	if r.merge != (imprint{}) {
		q.merged.Put(r.merge, number)
	}
}

func (q *remains) copy(answer []byte) []byte {
	if cap(q.room)-len(q.room) < len(answer) {
		q.room = make([]byte, 0, max(roomForAnswers, len(answer)))
	}
	at := len(q.room)
	q.room = append(q.room, answer...)
	return q.room[at:len(q.room):len(q.room)]
}

// find is what is left of a key's transaction, nil for nothing.
func (q *remains) find(t *Table, key imprint) *Server {
	number := q.found.Get(key)
	if number == 0 {
		return nil
	}
	r := &q.queue[q.first+int(number-q.gone-1)] //nolint:gosec // a place in the queue
	tx := &Server{table: t, key: key, merge: r.merge, remainder: number, flow: r.flow, tag: r.tag, state: completed, last: r.answer}
	if len(r.answer) == 0 {
		tx.state = accepted
	}
	return tx
}

// forget has one not found again, by its number.
func (q *remains) forget(number uint64, key, merge imprint) {
	q.found.Drop(key, number)
	if merge != (imprint{}) {
		q.merged.Drop(merge, number)
	}
}

// next is when the first one is to be forgotten; false if there is none.
func (q *remains) next() (until time.Duration, ok bool) {
	if q.first == len(q.queue) {
		return 0, false
	}
	return q.queue[q.first].until, true
}

// drop takes the first one out.
func (q *remains) drop() {
	r := &q.queue[q.first]
	q.gone++
	q.forget(q.gone, r.key, r.merge)
	*r = remainder{}
	if q.first++; q.first == len(q.queue) {
		q.queue, q.first, q.room = q.queue[:0], 0, nil
		if cap(q.queue) > 1024 {
			q.queue = nil
		}
	}
}

// stay is how long what is left of a transaction is known: timers J and L.
func (t *Table) stay() time.Duration { return 64 * t.timers.T1 }

// keep has what is left of a transaction known for its time; t.mu and tx.mu are held.
func (t *Table) keep(tx *Server, answer []byte) {
	t.left.push(tx, answer, t.stay())
	if t.left.timer == nil {
		t.left.timer = t.after(t.stay(), t.forget)
	}
}

// forget forgets what has been there for long enough, and looks again when there will be
// more: not for each one of many.
func (t *Table) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Since(t.left.began)
	for {
		until, ok := t.left.next()
		switch {
		case !ok || t.down:
			t.left.timer = nil
			return
		case until > now:
			t.left.timer.Reset(max(until-now, t.timers.T1/4))
			return
		}
		t.left.drop()
	}
}

// makeRoom forgets what should be known for longer, the oldest first, until there is room
// for another, and reports whether there is. What is younger than T2 stays: its request
// may well come again, as no interval of a repetition is longer.
func (t *Table) makeRoom(limit int) bool {
	now := time.Since(t.left.began)
	for t.servers() >= limit {
		until, ok := t.left.next()
		if !ok || until-now > t.stay()-t.timers.T2 {
			return false
		}
		t.left.drop()
	}
	return true
}

// refuse notes that an INVITE has been refused.
func (t *Table) refuse(tx *Server) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server.Get(tx.key) == tx {
		tx.place = t.refused.PushBack(tx)
	}
}

// evictRefused forgets INVITEs that have been refused, the oldest first, until there is room
// for another or none is left, and returns them: before anything else makes room, and
// however young they are. If such a refusal was lost the INVITE comes again and is refused
// again, where it would have been repeated; t.mu is held.
func (t *Table) evictRefused(limit int) (out []*Server) {
	for t.servers() >= limit && t.refused.Len() > 0 {
		tx, _ := t.refused.Front().Value.(*Server)
		t.drop(tx)
		out = append(out, tx)
	}
	return out
}

// Filled is how much of what is there for requests of any kind is taken by what makes no
// room for another, 0 to 1. It is an estimate: an answered request that was dropped before its
// time, as its answer could not be repeated, stands in the queue until then, and is taken
// off once more.
func (t *Table) Filled() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	q, young := &t.left, time.Since(t.left.began)+t.stay()-t.timers.T2
	queue := q.queue[q.first:]
	old := sort.Search(len(queue), func(n int) bool { return queue[n].until > young })
	return float64(t.servers()-t.refused.Len()-old) / float64(t.limit-t.limit/reserve)
}
