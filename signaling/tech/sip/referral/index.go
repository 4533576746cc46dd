package referral

import (
	"sync"

	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
)

// Index finds legs by the dialogs that they are, early ones too: whoever transfers or takes
// over a call names it so. Its zero value is empty.
type Index[L comparable] struct {
	mu    sync.Mutex
	legs  map[ua.DialogID]L
	known map[L][]ua.DialogID
}

// Add makes a leg known by a dialog.
func (x *Index[L]) Add(id ua.DialogID, leg L) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.legs == nil {
		x.legs, x.known = make(map[ua.DialogID]L), make(map[L][]ua.DialogID)
	}
	if _, there := x.legs[id]; !there {
		x.legs[id] = leg
		x.known[leg] = append(x.known[leg], id)
	}
}

// Drop forgets all dialogs of a leg.
func (x *Index[L]) Drop(leg L) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range x.known[leg] {
		delete(x.legs, id)
	}
	delete(x.known, leg)
}

// Find is the leg of a dialog that somebody names, or the zero value. The tags are ours and
// the party's, as RFC 3891 §3 has it.
func (x *Index[L]) Find(r *refer.Replaces) L {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.legs[ua.DialogID{CallID: r.CallID, LocalTag: r.ToTag, RemoteTag: r.FromTag}]
}
