package turn

import (
	"net/netip"
	"sync"
	"time"
)

// bucket lets a rate of something through, and a second's worth at once.
type bucket struct {
	mu    sync.Mutex
	left  float64
	taken time.Time
}

// take takes n where there is that much; perSecond 0 is any.
func (b *bucket) take(n, perSecond float64, now time.Time) bool {
	if perSecond == 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken.IsZero() {
		b.left = perSecond
	} else if d := now.Sub(b.taken); d > 0 {
		b.left = min(perSecond, b.left+d.Seconds()*perSecond)
	}
	b.taken = now
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// origin is what counts as one source: an IPv4 address, or the /64 that one subscriber
// has of IPv6.
func origin(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	return netip.PrefixFrom(a, 64).Masked().Addr()
}

// mostSources bounds the sources whose packets are counted apart; the others share one
// bucket for as long as those are busy.
const mostSources = 1 << 14

// strangers bounds what those without an allocation are answered, so that in others'
// names they get us to send little, and a flood costs little.
type strangers struct {
	perSecond float64
	mu        sync.Mutex
	sources   map[netip.Addr]*bucket
	swept     time.Time
	rest      bucket
}

func (s *strangers) take(from netip.Addr, now time.Time) bool {
	from = origin(from)
	s.mu.Lock()
	b := s.sources[from]
	if b == nil && len(s.sources) >= mostSources && now.Sub(s.swept) >= time.Second {
		s.swept = now
		for a, old := range s.sources { // who was silent for a second has a full bucket
			if old.silent(now) {
				delete(s.sources, a)
			}
		}
	}
	switch {
	case b != nil:
	case len(s.sources) < mostSources:
		b = &bucket{}
		s.sources[from] = b
	default:
		b = &s.rest
	}
	s.mu.Unlock()
	return b.take(1, s.perSecond, now)
}

func (b *bucket) silent(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.taken) >= time.Second
}
