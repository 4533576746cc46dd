package sip

import (
	"context"
	"sync"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// inDialog is whatever takes requests with a To tag of ours: a dialog, or a call
// that is being set up. The methods are called on readers' goroutines and do not
// block, but shutdown, which waits.
type inDialog interface {
	inRequest(*serverTx)
	inAck(*message.Request)
	flowClosed(message.FlowID)
	// shutdown ends it politely and waits for that until ctx is done.
	shutdown(ctx context.Context)
	// abandon ends it without a word.
	abandon()
}

// dialogTable finds dialogs by their id.
type dialogTable struct {
	mu sync.RWMutex
	m  map[DialogID]inDialog
}

func newDialogTable() *dialogTable { return &dialogTable{m: make(map[DialogID]inDialog)} }

func (t *dialogTable) find(id DialogID) inDialog {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m[id]
}

func (t *dialogTable) put(id DialogID, d inDialog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.m[id] = d
}

// putNew puts d unless the id is taken.
func (t *dialogTable) putNew(id DialogID, d inDialog) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, taken := t.m[id]; taken {
		return false
	}
	t.m[id] = d
	return true
}

// drop takes d away, unless another has taken its place.
func (t *dialogTable) drop(id DialogID, d inDialog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m[id] == d {
		delete(t.m, id)
	}
}

func (t *dialogTable) size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.m)
}

func (t *dialogTable) snapshot() []inDialog {
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]inDialog, 0, len(t.m))
	for _, d := range t.m {
		out = append(out, d)
	}
	return out
}
