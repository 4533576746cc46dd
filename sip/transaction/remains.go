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
// of thousands, so they share one timer, and lie in pieces of which each gives its room back
// when the last of it goes. A Table's lock guards them.
//
// They are numbered as they come, from 1: those up to gone are gone, those up to came there.
type remains struct {
	began      time.Time
	gone, came uint64
	pieces     []*piece                     // the first has the number gone+1, if there are any
	found      index.Index[imprint, uint64] // numbers by key
	merged     index.Index[imprint, uint64]
	room       []byte // for the answers that come next
	timer      *time.Timer
}

type piece [pieceSize]remainder

type remainder struct {
	until      time.Duration // since began
	key, merge imprint
	flow       transport.Flow
	tag        string // of an INVITE that was accepted
	answer     []byte // what else was asked gets again
}

const (
	pieceSize = 256
	// roomForAnswers is how much is allocated at once for them, in bytes.
	roomForAnswers = 64 << 10
)

// at is the one with a number, which is there.
func (q *remains) at(number uint64) *remainder {
	number--
	return &q.pieces[number/pieceSize-q.gone/pieceSize][number%pieceSize]
}

// count is how many there are, of those too that are not found any more.
func (q *remains) count() int { return int(q.came - q.gone) } //nolint:gosec // they are in memory

// push adds what is left of a transaction, which stays so long.
func (q *remains) push(tx *Server, answer []byte, stay time.Duration) {
	if q.came/pieceSize-q.gone/pieceSize == uint64(len(q.pieces)) {
		q.pieces = append(q.pieces, new(piece))
	}
	q.came++
	r := q.at(q.came)
	*r = remainder{until: time.Since(q.began) + stay, key: tx.key, merge: tx.merge, flow: tx.flow, answer: q.copy(answer)}
	if tx.state == accepted {
		r.tag = tx.tag
	}
	q.found.Put(r.key, q.came)
	if r.merge != (imprint{}) {
		q.merged.Put(r.merge, q.came)
	}
}

// copy puts an answer beside others: what many share is one thing to the collector.
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
	r := q.at(number)
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
	if q.count() == 0 {
		return 0, false
	}
	return q.at(q.gone + 1).until, true
}

// drop takes the first one out.
func (q *remains) drop() {
	r := q.at(q.gone + 1)
	q.gone++
	q.forget(q.gone, r.key, r.merge)
	*r = remainder{}
	switch {
	case q.count() == 0:
		q.pieces, q.room = nil, nil
	case q.gone%pieceSize == 0:
		q.pieces[0] = nil
		q.pieces = q.pieces[1:]
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
	old := sort.Search(q.count(), func(n int) bool { return q.at(q.gone+1+uint64(n)).until > young }) //nolint:gosec // not negative
	return float64(t.servers()-t.refused.Len()-old) / float64(t.limit-t.limit/reserve)
}
