// Package quirk logs what peers do wrong without letting them fill the log.
package quirk

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// Log logs what peers do wrong: of each kind one line a second at most,
// which says how many were left out, and never a message's text.
type Log struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	last time.Time
	left int
}

const (
	every    = time.Second
	maxKinds = 64
	maxText  = 160 // bytes of an error that are logged
)

// New makes a Log that writes to another.
func New(log *slog.Logger) *Log {
	return &Log{log: log, kinds: make(map[string]*kind)}
}

// Note logs what went wrong with a peer, or with nobody in particular (the zero
// address).
func (q *Log) Note(what string, peer netip.AddrPort, err error) {
	left, ok := q.take(what, time.Now())
	if !ok {
		return
	}
	text := err.Error()
	if len(text) > maxText {
		text = text[:maxText]
	}
	attrs := []any{"err", text}
	if peer.IsValid() {
		attrs = append(attrs, "peer", peer.String())
	}
	if left > 0 {
		attrs = append(attrs, "left_out", left)
	}
	q.log.Warn("sip: "+what, attrs...)
}

func (q *Log) take(what string, now time.Time) (left int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := q.kinds[what]
	if k == nil {
		if len(q.kinds) >= maxKinds {
			return 0, false
		}
		k = &kind{}
		q.kinds[what] = k
	}
	if now.Sub(k.last) < every {
		k.left++
		return 0, false
	}
	left = k.left
	k.last, k.left = now, 0
	return left, true
}
