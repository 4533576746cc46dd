// Package dialogs has what a dialog is (RFC 3261 §12) as a plain value, and finds what a
// request inside one belongs to. It starts no goroutine.
package dialogs

import (
	"maps"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/sip/internal/index"
)

// Table finds dialogs, and calls that are being set up, by their id.
type Table[ID comparable, D comparable] struct {
	mu sync.RWMutex
	m  index.Index[ID, D]
}

// Find is what is there by that id, or the zero D.
func (t *Table[ID, D]) Find(id ID) D {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m.Get(id)
}

// Put puts d in the place of whatever had its id.
func (t *Table[ID, D]) Put(id ID, d D) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m.Put(id, d)
}

// PutNew puts d unless the id is taken.
func (t *Table[ID, D]) PutNew(id ID, d D) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, taken := t.m.All()[id]; taken {
		return false
	}
	t.m.Put(id, d)
	return true
}

// Drop takes d away, unless another has taken its place.
func (t *Table[ID, D]) Drop(id ID, d D) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m.Drop(id, d)
}

// Size is how many there are.
func (t *Table[ID, D]) Size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m.Len()
}

// Snapshot is everything that is there, in no order.
func (t *Table[ID, D]) Snapshot() []D {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Values(t.m.All()))
}
