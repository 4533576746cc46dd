package resolver

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// maxAvoided bounds the destinations that are remembered as failed, maxAvoid the time.
const (
	maxAvoided = 1024
	maxAvoid   = 10 * time.Minute
)

// place is a destination as what fails: whichever name led there.
type place struct {
	network string
	addr    netip.AddrPort
}

type failure struct{ until time.Time }

// health remembers which destinations failed lately (RFC 3263 §4.3), for all calls.
type health struct {
	count atomic.Int64 // of byPlace: nobody waits for a lock while all is well

	mu      sync.Mutex
	byPlace map[place]failure
}

// Failed has a destination tried after all others for a while: for pause, or
// Config.Avoid when it is 0 (transport.Judge).
func (r *Resolver) Failed(d transport.Destination, pause time.Duration) {
	if pause <= 0 {
		pause = r.cfg.Avoid
	}
	now := r.cfg.Now()
	h := &r.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.byPlace) >= maxAvoided {
		h.prune(now)
	}
	h.byPlace[place{d.Network, d.Addr}] = failure{now.Add(min(pause, maxAvoid))}
	h.count.Store(int64(len(h.byPlace)))
}

// Answered takes that back: the destination has answered (transport.Judge).
func (r *Resolver) Answered(d transport.Destination) {
	h := &r.health
	if h.count.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.byPlace, place{d.Network, d.Addr})
	h.count.Store(int64(len(h.byPlace)))
}

// prune makes room: what is over goes, or else what is over first. h.mu is held.
func (h *health) prune(now time.Time) {
	var first place
	var at time.Time
	for p, f := range h.byPlace {
		if !now.Before(f.until) {
			delete(h.byPlace, p)
		} else if at.IsZero() || f.until.Before(at) {
			first, at = p, f.until
		}
	}
	if len(h.byPlace) >= maxAvoided {
		delete(h.byPlace, first)
	}
}

// sort puts what failed lately behind the rest, and leaves the order else.
func (r *Resolver) sort(ds []transport.Destination) {
	h := &r.health
	if len(ds) < 2 || h.count.Load() == 0 {
		return
	}
	now := r.cfg.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	rank := func(d transport.Destination) int {
		if f, ok := h.byPlace[place{d.Network, d.Addr}]; ok && now.Before(f.until) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(ds, func(a, b transport.Destination) int { return rank(a) - rank(b) })
}
