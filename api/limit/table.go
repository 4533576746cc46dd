package limit

import (
	"sync"
	"sync/atomic"
	"time"
)

// Rate is how many requests somebody may send: PerMinute in the long run, 0 for no limit, and
// Burst at once after a pause.
type Rate struct{ PerMinute, Burst int }

// Limited tells whether there is a limit at all.
func (r Rate) Limited() bool { return r.PerMinute > 0 }

// interval is how long one request takes to be forgotten.
func (r Rate) interval() time.Duration { return time.Minute / time.Duration(r.PerMinute) }

// depth is how long a used up bucket takes to be full again.
func (r Rate) depth() time.Duration { return r.interval() * time.Duration(max(r.Burst, 1)) }

// State is what is left of a rate.
type State struct {
	OK        bool
	Remaining int           // requests that may follow at once
	Reset     time.Duration // until the whole burst may be sent again
	Wait      time.Duration // until one more may be sent; 0 when it may
}

const (
	shards = 16
	// Buckets is how many a table keeps at most; 16 bytes each, and what the map takes besides.
	Buckets   = 65536
	bucketsOf = Buckets / shards
	// looks is how many buckets are looked at when one has to make room.
	looks = 8
)

// table has a bucket for each of those that one rate is counted of. A bucket is one number: when
// it will be full again (the theoretical arrival time of the Generic Cell Rate Algorithm, ITU-T
// I.371 Annex A, which is a token bucket). One that is full is the same as none.
//
// Its memory is bounded: where all places are taken, a full bucket goes, or else of a few the one
// that was used least. Who can speak for more sources than there are places is bounded by none.
type table struct {
	rate    atomic.Pointer[Rate]
	refused atomic.Uint64
	shard   [shards]struct {
		mu   sync.Mutex
		full map[uint64]time.Duration
		_    [40]byte // a cache line of its own
	}
}

func newTable(r Rate) *table {
	t := &table{}
	t.rate.Store(&r)
	for i := range t.shard {
		t.shard[i].full = make(map[uint64]time.Duration)
	}
	return t
}

// take counts one request of key, if it may be; now is since any moment that stays the same.
func (t *table) take(key uint64, now time.Duration) State { return t.look(key, now, true) }

// may tells whether a request of key could be counted.
func (t *table) may(key uint64, now time.Duration) State { return t.look(key, now, false) }

func (t *table) look(key uint64, now time.Duration, count bool) State {
	r := t.rate.Load()
	if !r.Limited() {
		return State{OK: true}
	}
	interval, depth := r.interval(), r.depth()
	s := &t.shard[key%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	// A rate may have changed since: no bucket is emptier than empty.
	at := min(max(s.full[key], now), now+depth)
	next := at + interval
	if next > now+depth {
		t.refused.Add(1)
		return State{Reset: at - now, Wait: next - now - depth}
	}
	if !count {
		return State{OK: true, Remaining: int((now + depth - at) / interval), Reset: at - now}
	}
	if _, known := s.full[key]; !known && len(s.full) >= bucketsOf {
		evict(s.full, now)
	}
	s.full[key] = next
	return State{OK: true, Remaining: int((now + depth - next) / interval), Reset: next - now}
}

// evict makes room for one bucket: of a few, which a range over a map takes from anywhere, those
// that are full go, or else the one nearest to it.
func evict(full map[uint64]time.Duration, now time.Duration) {
	var least uint64
	var seen, gone int
	for key, at := range full {
		if at <= now {
			delete(full, key)
			gone++
		} else if least == 0 || at < full[least] {
			least = key
		}
		if seen++; seen == looks {
			break
		}
	}
	if gone == 0 {
		delete(full, least)
	}
}

// size is how many buckets there are.
func (t *table) size() (n int) {
	for i := range t.shard {
		s := &t.shard[i]
		s.mu.Lock()
		n += len(s.full)
		s.mu.Unlock()
	}
	return n
}
