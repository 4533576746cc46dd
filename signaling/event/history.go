package event

import (
	"context"
	"slices"
)

const (
	// Kept is how many events After can go back.
	Kept = 2048
	// maxSampled bounds the bridges whose levels are kept.
	maxSampled = 20000
)

// sampled reports whether only the newest event of a type and bridge is worth keeping: it
// would drive everything else out.
func (t Type) sampled() bool { return t == BridgeLevels }

// history is what After gives. The bus's lock guards it.
type history struct {
	ring    []Event // up to Kept, then the oldest is overwritten
	oldest  int     // place of it, then
	lost    uint64  // the newest event that is not kept any more
	samples map[string]Event
	waiting map[*waiter]struct{}
}

// waiter is an After that waits for an event.
type waiter struct {
	want func(Type) bool
	came chan struct{} // closed by the first event that want takes
	seq  uint64        // that one's number less one: nothing before it is of interest
}

func (h *history) add(e Event) {
	switch {
	case e.Type.sampled():
		if _, known := h.samples[e.Bridge]; known || len(h.samples) < maxSampled {
			h.samples[e.Bridge] = e
		}
	case len(h.ring) < Kept:
		h.ring = append(h.ring, e)
	default:
		h.lost = h.ring[h.oldest].Seq
		h.ring[h.oldest] = e
		h.oldest = (h.oldest + 1) % Kept
	}
	if e.Type == BridgeDestroyed {
		delete(h.samples, e.Bridge)
	}
}

// takers are those who wait for such an event; they wait no longer.
func (h *history) takers(e *Event) (found []*waiter) {
	for w := range h.waiting {
		if w.want(e.Type) {
			delete(h.waiting, w)
			w.seq = e.Seq - 1
			found = append(found, w)
		}
	}
	return found
}

// after collects what want takes of the events after a number, oldest first.
func (h *history) after(seq uint64, want func(Type) bool) []Event {
	var found []Event
	for _, e := range h.ring {
		if e.Seq > seq && want(e.Type) {
			found = append(found, e)
		}
	}
	for _, e := range h.samples {
		if e.Seq > seq && want(e.Type) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b Event) int { return int(int64(a.Seq - b.Seq)) })
	return found
}

// Page is what After gives.
type Page struct {
	Events []Event // oldest first
	// Next is the number to go on from.
	Next uint64
	// Gap tells that events after the number that was asked for are kept no more, or that
	// it was given by a server that has ended since.
	Gap bool
}

// After gives events after a number, at most limit, of those that want takes, and waits for the
// first of them, or for ctx, with which it gives none. A limit below 1 is 1, as who goes on
// from Next would come no further. The last Kept events are there, and of levels the newest of
// each bridge. want is asked under the bus's lock, of every event while After waits, and must
// be quick; other events do not wake it.
func (b *Bus) After(ctx context.Context, seq uint64, limit int, want func(Type) bool) Page {
	limit = max(limit, 1)
	p, w := b.page(seq, limit, want)
	for w != nil {
		select {
		case <-w.came:
			p, w = b.page(w.seq, limit, want)
		case <-ctx.Done():
			if next, still := b.giveUp(w); still {
				p.Next = next
				return p
			}
			<-w.came // it is about to be closed
			p, w = b.page(w.seq, limit, want)
		}
	}
	return p
}

// page gives what there is, or who waits for more.
func (b *Bus) page(seq uint64, limit int, want func(Type) bool) (Page, *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	foreign := seq > b.seq // of another life: everything of this one is new
	if foreign {
		seq = 0
	}
	found := b.history.after(seq, want)
	p := Page{Events: found, Next: b.seq, Gap: foreign || seq < b.history.lost}
	if len(found) > limit {
		p.Events = found[:limit]
		p.Next = found[limit-1].Seq
	}
	if len(found) > 0 || p.Gap {
		return p, nil
	}
	w := &waiter{want: want, came: make(chan struct{})}
	b.history.waiting[w] = struct{}{}
	return p, w
}

// giveUp ends a wait for which nothing has come, up to the number that it gives.
func (b *Bus) giveUp(w *waiter) (next uint64, still bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, still = b.history.waiting[w]
	delete(b.history.waiting, w)
	return b.seq, still
}
