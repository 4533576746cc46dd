package turn

import (
	"net/netip"
	"sync"
	"time"
)

// account is what one user has: allocations, and the bit rate that they share.
type account struct {
	user        string
	allocations int // quotas' lock
	idle        time.Time
	bucket      bucket
}

// quotas count allocations.
type quotas struct {
	perUser, perAddress, total int

	mu       sync.Mutex
	all      int
	accounts map[string]*account
	sources  map[netip.Addr]int
	swept    time.Time
}

// mayHave tells whether a user may have another allocation, from an address.
func (q *quotas) mayHave(user string, from netip.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.accounts[user]
	return (a == nil || a.allocations < q.perUser) && q.sources[origin(from)] < q.perAddress
}

// enter counts a user's allocation, whose source is not known yet; nil is one too many.
func (q *quotas) enter(user string, now time.Time) *account {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(now)
	a := q.accounts[user]
	if q.all >= q.total || a != nil && a.allocations >= q.perUser {
		return nil
	}
	if a == nil {
		a = &account{user: user}
		q.accounts[user] = a
	}
	a.allocations++
	q.all++
	return a
}

// leave takes an allocation back.
func (q *quotas) leave(a *account, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a.allocations--
	a.idle = now
	q.all--
}

// sweep forgets users who have had nothing for a while: their bit rate is remembered for
// longer than its bucket takes to fill, so that nobody has more of it by asking anew.
func (q *quotas) sweep(now time.Time) {
	const remembered = 2 * time.Second
	if now.Sub(q.swept) < remembered {
		return
	}
	q.swept = now
	for user, a := range q.accounts {
		if a.allocations == 0 && now.Sub(a.idle) >= remembered {
			delete(q.accounts, user)
		}
	}
}

// from counts an allocation at its source. Several that were asked for at one time may be
// more than the source may have: not ok is one too many, which is counted until it ends.
func (q *quotas) from(source netip.Addr) (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	source = origin(source)
	q.sources[source]++
	return q.sources[source] <= q.perAddress
}

func (q *quotas) gone(source netip.Addr) {
	q.mu.Lock()
	defer q.mu.Unlock()
	source = origin(source)
	if q.sources[source]--; q.sources[source] <= 0 {
		delete(q.sources, source)
	}
}

func (q *quotas) allocations() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.all
}
