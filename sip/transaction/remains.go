package transaction

import (
	"sort"
	"time"
)

// remains are what is known of transactions that have ended but for their last timer, J or
// L of RFC 3261 §17.2 and RFC 6026 §7.1, in the order in which they are to be forgotten:
// all of them stay as long. A server that is asked ten thousand times a second has hundreds
// of thousands, so they are small and share one timer. A Table's lock guards them.
type remains struct {
	began time.Time
	queue []remainder
	first int // of queue; what is before it is gone
	timer *time.Timer
}

type remainder struct {
	until time.Duration // since began
	tx    *Server
}

// push adds one that stays so long.
func (q *remains) push(tx *Server, stay time.Duration) {
	if q.first > 1024 && q.first > len(q.queue)/2 {
		n := copy(q.queue, q.queue[q.first:])
		clear(q.queue[n:])
		q.queue, q.first = q.queue[:n], 0
	}
	q.queue = append(q.queue, remainder{time.Since(q.began) + stay, tx})
}

// next is the one that is to be forgotten next; false if there is none.
func (q *remains) next() (remainder, bool) {
	if q.first == len(q.queue) {
		return remainder{}, false
	}
	return q.queue[q.first], true
}

// drop takes the next one out.
func (q *remains) drop() {
	q.queue[q.first] = remainder{}
	if q.first++; q.first == len(q.queue) {
		q.queue, q.first = q.queue[:0], 0
		if cap(q.queue) > 1024 {
			q.queue = nil
		}
	}
}

// stay is how long what is left of a transaction is known: timers J and L.
func (t *Table) stay() time.Duration { return 64 * t.timers.T1 }

// keep has what is left of a transaction known for its time; t.mu is held.
func (t *Table) keep(tx *Server) {
	t.left.push(tx, t.stay())
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
		r, ok := t.left.next()
		switch {
		case !ok || t.down:
			t.left.timer = nil
			return
		case r.until > now:
			t.left.timer.Reset(max(r.until-now, t.timers.T1/4))
			return
		}
		t.left.drop()
		t.drop(r.tx)
	}
}

// makeRoom forgets what should be known for longer, the oldest first, until there is room
// for another, and reports whether there is. What is younger than T2 stays: its request
// may well come again, as no interval of a repetition is longer.
func (t *Table) makeRoom(limit int) bool {
	now := time.Since(t.left.began)
	for t.server.Len() >= limit {
		r, ok := t.left.next()
		if !ok || r.until-now > t.stay()-t.timers.T2 {
			return false
		}
		t.left.drop()
		t.drop(r.tx)
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
	for t.server.Len() >= limit && t.refused.Len() > 0 {
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
	return float64(t.server.Len()-t.refused.Len()-old) / float64(t.limit-t.limit/reserve)
}
