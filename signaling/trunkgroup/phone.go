package trunkgroup

import (
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Phone is an endpoint that is no trunk, and whose calls are limited.
type Phone struct {
	Name string
	// BusyAt is at how many calls, both ways together, others find it busy
	// (device_state_busy_at, busylevel), MaxCalls how many it may have at all (call-limit);
	// 0 is no limit.
	BusyAt, MaxCalls int
	// PerMinute is how many calls it may begin within a minute; 0 is no limit, and
	// MaxPerMinute the most.
	PerMinute int
}

// phone is a Phone as it does; the table's mutex guards it.
type phone struct {
	Phone
	calls int
	began pace
	// ringing are the legs of calls that have a place by name: however many of a user's
	// phones one call rings, it is one.
	ringing map[string]int
}

// keep makes the phones of a configuration, with the calls that they have. The lock is held.
func (t *Table) keep(phones []Phone) map[string]*phone {
	out := make(map[string]*phone, len(phones))
	for _, p := range phones {
		key := strings.ToLower(p.Name)
		now := t.phones[key]
		if now == nil {
			now = &phone{ringing: make(map[string]int)}
		}
		now.Phone = p
		out[key] = now
	}
	return out
}

// Ring counts a call to a phone, until release is called. Further legs of a call that has a
// place there share it, and the last one's release gives it back; a call without a name has
// one leg. The error is of kind fault.Busy.
func (t *Table) Ring(name, call string) (release func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.phones[strings.ToLower(name)]
	if p == nil || call == "" {
		return t.place(name, true, false)
	}
	if p.ringing[call] == 0 {
		if err := p.take(true, false); err != nil {
			return nil, err
		}
	}
	p.ringing[call]++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if p.ringing[call]--; p.ringing[call] == 0 {
			delete(p.ringing, call)
			p.calls--
		}
	}), nil
}

// place is a call's at a phone. The lock is held.
func (t *Table) place(name string, rings, urgent bool) (release func(), err error) {
	p := t.phones[strings.ToLower(name)]
	if p == nil {
		return func() {}, nil
	}
	if err := p.take(rings, urgent); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.calls--
	}), nil
}

// take counts a call, to the phone or from it, where it has room for one; how many it has begun
// is nothing to an urgent one. The lock is held.
func (p *phone) take(rings, urgent bool) error {
	now := time.Now()
	switch {
	case rings && p.BusyAt > 0 && p.calls >= p.BusyAt, rings && p.MaxCalls > 0 && p.calls >= p.MaxCalls:
		return fault.New(fault.Busy, "%s has %d calls", p.Name, p.calls)
	case p.MaxCalls > 0 && p.calls >= p.MaxCalls:
		return fault.New(fault.TooMany, "%s has %d calls, its limit", p.Name, p.MaxCalls)
	case !rings && p.PerMinute > 0:
		if after := p.began.next(p.PerMinute, now); after > 0 && !urgent {
			return &TooSoonError{Phone: p.Name, PerMinute: p.PerMinute, After: after}
		} else if after == 0 {
			p.began = append(p.began, now)
		}
	}
	p.calls++
	return nil
}
