// Package bucket bounds what each source of messages may send in a second (token
// buckets), in a table of a fixed size: a flood from more sources than it has room for
// costs the oldest of them their count, never memory. It allocates nothing and starts
// no goroutine.
package bucket

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Rate is how much a source may send: PerSecond in the long run, Burst at once.
type Rate struct {
	PerSecond int
	Burst     int
}

// ways is how many sources share one place of the table, locked together.
const ways = 8

// Table counts what sources send. It is safe for concurrent use.
type Table struct {
	seed  maphash.Seed
	epoch time.Time
	sets  []set // a power of two of them
}

type set struct {
	mu      sync.Mutex
	entries [ways]entry
}

// entry is one source; one that was never touched is free. Times are nanoseconds since
// the table's epoch.
type entry struct {
	hi, lo  uint64
	tokens  float64
	touched int64
	known   int64 // until when it is known
}

// New makes a table with room for at least so many sources.
func New(sources int) *Table {
	n := 1
	for n*ways < sources {
		n *= 2
	}
	return &Table{seed: maphash.MakeSeed(), epoch: time.Now().Add(-time.Second), sets: make([]set, n)}
}

// Take takes one token of a source, of known's rate while it is known and else of
// strange's. When there is none, it tells how long it takes until there is one; a wait
// costs nothing.
func (t *Table) Take(source netip.Addr, strange, known Rate) time.Duration {
	now := int64(time.Since(t.epoch))
	s, hi, lo := t.place(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(hi, lo)
	fresh := e == nil
	if fresh {
		e = s.oldest(now)
		*e = entry{hi: hi, lo: lo}
	}
	rate := strange
	if e.known > now {
		rate = known
	}
	burst, perSecond := float64(rate.Burst), float64(rate.PerSecond)
	if fresh {
		e.tokens = burst
	} else {
		e.tokens = min(burst, e.tokens+perSecond*float64(now-e.touched)/float64(time.Second))
	}
	e.touched = now
	if e.tokens < 1 {
		return max(1, time.Duration((1-e.tokens)/perSecond*float64(time.Second)))
	}
	e.tokens--
	return 0
}

// Know lets a source be known for so long from now.
func (t *Table) Know(source netip.Addr, rate Rate, d time.Duration) {
	now := int64(time.Since(t.epoch))
	s, hi, lo := t.place(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(hi, lo)
	if e == nil {
		e = s.oldest(now)
		*e = entry{hi: hi, lo: lo, touched: now}
	}
	if e.known <= now {
		e.tokens = float64(rate.Burst) // what it sent as a stranger is forgotten
	}
	e.known = max(e.known, now+int64(d))
}

// Knows tells whether a source is known.
func (t *Table) Knows(source netip.Addr) bool {
	now := int64(time.Since(t.epoch))
	s, hi, lo := t.place(source)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(hi, lo)
	return e != nil && e.known > now
}

// place is where a source is counted: an IPv4 address, or an IPv6 /64.
func (t *Table) place(source netip.Addr) (s *set, hi, lo uint64) {
	b := source.As16() // of an IPv4 address the one in IPv6
	hi, lo = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if !source.Is4() && !source.Is4In6() {
		lo = 1 << 63 // no IPv4 address
		clear(b[8:])
	}
	return &t.sets[maphash.Bytes(t.seed, b[:])&uint64(len(t.sets)-1)], hi, lo
}

func (s *set) find(hi, lo uint64) *entry {
	for i := range s.entries {
		if e := &s.entries[i]; e.touched != 0 && e.hi == hi && e.lo == lo {
			return e
		}
	}
	return nil
}

// oldest is the entry to give to another source: a free one, or the one that has been
// silent for longest among those that are not known, or else among all.
func (s *set) oldest(now int64) *entry {
	best := &s.entries[0]
	for i := range s.entries {
		e := &s.entries[i]
		if e.touched == 0 {
			return e
		}
		if kept, mine := best.known > now, e.known > now; kept && !mine || kept == mine && e.touched < best.touched {
			best = e
		}
	}
	return best
}
