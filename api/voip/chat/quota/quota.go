// Package quota bounds how much each user may write: so many bytes at once after a pause, and so
// many a day in the long run (a token bucket of each user).
//
// It starts no goroutine.
package quota

import (
	"sync"
	"time"
)

// Rate is how much a user may write.
type Rate struct {
	PerDay int64 // bytes in the long run; 0 for no limit
	Burst  int64 // bytes at once
}

// Default is what the server uses: some hundred thousand short messages a day.
func Default() Rate { return Rate{PerDay: 16 << 20, Burst: 4 << 20} }

// most bounds the users who are remembered. Past it those are forgotten who may write all they might
// anyway, or else anybody.
const most = 100_000

const day = 24 * time.Hour

// Book knows what users have written lately.
type Book struct {
	rate Rate
	now  func() time.Time

	mu   sync.Mutex
	full map[string]time.Time // when each may write a whole burst again
}

// New makes an empty book.
func New(r Rate, now func() time.Time) *Book {
	return &Book{rate: r, now: now, full: make(map[string]time.Time)}
}

// Take counts bytes of a user's; it reports false, and counts nothing, where they are too many now.
func (b *Book) Take(user string, bytes int) bool {
	if b.rate.PerDay <= 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	at, known := b.full[user]
	if at.Before(now) {
		at = now
	}
	at = at.Add(b.lasts(int64(bytes)))
	if at.Sub(now) > b.lasts(b.rate.Burst) {
		return false
	}
	if !known && len(b.full) >= most {
		b.forget(now)
	}
	b.full[user] = at
	return true
}

// lasts is how long bytes take to be forgotten.
func (b *Book) lasts(bytes int64) time.Duration {
	return time.Duration(float64(day) * float64(bytes) / float64(b.rate.PerDay))
}

// forget makes room for one user at least. The lock is held.
func (b *Book) forget(now time.Time) {
	for user, at := range b.full {
		if !at.After(now) {
			delete(b.full, user)
		}
	}
	for user := range b.full {
		if len(b.full) < most {
			return
		}
		delete(b.full, user)
	}
}
