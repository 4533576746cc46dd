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
	changed chan struct{} // closed at the next event, nil when nobody waits
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
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
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
// first of them, or for ctx, with which it gives none. The last Kept events are there, and of
// levels the newest of each bridge. want must be quick.
func (b *Bus) After(ctx context.Context, seq uint64, limit int, want func(Type) bool) Page {
	foreign := false
	for {
		b.mu.Lock()
		if seq > b.seq { // of another life: everything of this one is new
			seq, foreign = 0, true
		}
		found := b.history.after(seq, want)
		p := Page{Events: found, Next: b.seq, Gap: foreign || seq < b.history.lost}
		if len(found) > limit {
			p.Events = found[:limit]
			p.Next = found[limit-1].Seq
		}
		if len(found) > 0 || p.Gap {
			b.mu.Unlock()
			return p
		}
		if b.history.changed == nil {
			b.history.changed = make(chan struct{})
		}
		changed := b.history.changed
		b.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return p
		}
	}
}
