package registrar

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// FlowClosed is told of every connection that ended (sip.FlowHandler): contacts
// that nothing else leads to are removed. It does not block.
func (r *Registrar) FlowClosed(id message.FlowID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		r.closed[id] = struct{}{}
		r.nudge()
	}
}

// nudge makes maintain look again.
func (r *Registrar) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// planExpiry sets the time of the AOR's next expiry.
func (r *Registrar) planExpiry(aor string, bs []Binding) {
	var next time.Time
	for i := range bs {
		if at := bs[i].Expires; !bs[i].Static && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if next.IsZero() {
		r.expiry.Drop(aor)
		return
	}
	first, planned := r.expiry.Next()
	r.expiry.Put(aor, next)
	if !planned || next.Before(first) { // else it will look soon enough
		r.nudge()
	}
}

// maintain removes what has expired and what lost its connection.
func (r *Registrar) maintain() {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.quit:
			return
		case <-r.wake:
		case <-timer.C:
		}
		wait := afterPanic
		guard.Do(r.log, "registrar", func() { wait = r.work() })
		timer.Reset(wait)
	}
}

// afterPanic is when the registrar looks again after a round that did not end.
const afterPanic = time.Second

// work does what there is to do, and tells how long there will be nothing.
func (r *Registrar) work() time.Duration {
	due, closed, wait := r.takeWork()
	// Each on its own: whatever goes wrong with one, the other is not lost.
	if len(due) > 0 {
		guard.Do(r.log, "expiry", func() { r.expire(due) })
	}
	if len(closed) > 0 {
		r.disconnect(closed)
	}
	return wait
}

// takeWork takes what there is to do, and tells how long there will be nothing.
func (r *Registrar) takeWork() (due []string, closed map[message.FlowID]struct{}, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for {
		aor, ok := r.expiry.Due(now)
		if !ok {
			break
		}
		due = append(due, aor)
	}
	if len(r.closed) > 0 {
		closed, r.closed = r.closed, make(map[message.FlowID]struct{})
	}
	wait = time.Hour // until a nudge
	if at, ok := r.expiry.Next(); ok {
		wait = at.Sub(now)
	}
	return due, closed, wait
}

// expire removes what has expired from the AORs, then from the store at once: a
// contact that registers again in between has a later expiry there.
func (r *Registrar) expire(aors []string) {
	now := time.Now()
	for _, aor := range aors {
		if e := r.entry(aor); e != nil {
			guard.Do(r.log, "expiry", func() { r.expireOne(e, now) })
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.cfg.StoreTimeout)
	defer cancel()
	if _, err := r.store.Purge(ctx, now, false); err != nil {
		r.log.Warn("deleting expired bindings failed", "err", err)
	}
}

func (r *Registrar) expireOne(e *entry, now time.Time) {
	e.serial.Lock()
	defer e.serial.Unlock()
	r.take(e, Expired, func(b *Binding) bool { return !b.Alive(now) })
}

// disconnecting is how many AORs lose their connections at once: enough to share
// the store's commits.
const disconnecting = 32

func (r *Registrar) disconnect(closed map[message.FlowID]struct{}) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, disconnecting)
	for aor, e := range *r.entries.Load() {
		lost := func(b *Binding) bool {
			_, gone := closed[b.Flow]
			return gone && b.FlowBound
		}
		if !slices.ContainsFunc(e.load(), func(b Binding) bool { return lost(&b) }) {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() { // owned by this call, which waits for it
			defer func() { <-slots }()
			defer guard.Recover(r.log, "disconnect")
			if err := r.remove(context.Background(), e, Disconnected, lost); err != nil {
				r.log.Warn("deleting disconnected bindings failed", "endpoint", aor, "err", err)
			}
		})
	}
}

// remove takes registered bindings out, and deletes them from the store. They
// are gone even when the store fails: what it keeps too long ends with its expiry.
func (r *Registrar) remove(ctx context.Context, e *entry, why Reason, which func(*Binding) bool) error {
	e.serial.Lock()
	defer e.serial.Unlock()
	gone := r.take(e, why, which)
	if len(gone) == 0 {
		return nil
	}
	change := store.BindingChange{AOR: gone[0].AOR}
	for i := range gone {
		change.Delete = append(change.Delete, gone[i].Key)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.StoreTimeout)
	defer cancel()
	if err := r.store.Apply(ctx, change); err != nil {
		return fmt.Errorf("registrar: %w", err)
	}
	return nil
}

// take removes registered bindings from memory; e.serial is held.
func (r *Registrar) take(e *entry, why Reason, which func(*Binding) bool) (gone []Binding) {
	var kept []Binding
	var events []Event
	for _, b := range e.load() {
		if b.Static || !which(&b) {
			kept = append(kept, b)
			continue
		}
		gone = append(gone, b)
		if why == Disconnected {
			r.lose(&b)
		}
		events = append(events, Event{Kind: Removed, Reason: why, Binding: b})
	}
	r.publish(e, kept, events)
	return gone
}

// publish makes bindings the AOR's, with the probe results that came while they
// were being decided on, and tells of the events; e.serial is held.
func (r *Registrar) publish(e *entry, next []Binding, events []Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	was, at := e.load(), 0 // both are in one order, so that most are found where the one before was
	for i := range next {
		b := &next[i]
		for range was {
			o := &was[at%len(was)]
			at++
			if o.Key == b.Key && o.Static == b.Static {
				b.Status, b.RTT, b.Qualified, b.Trouble = o.Status, o.RTT, o.Qualified, o.Trouble
				break
			}
		}
	}
	e.bindings.Store(&next)
	r.planExpiry(e.aor.Name, next)
	for i := range events {
		ev := &events[i]
		ev.Left = len(next)
		if ev.Kind == Removed {
			r.unwatch(&ev.Binding)
		}
		r.emit(*ev)
	}
	r.watchAll(e, next)
}
