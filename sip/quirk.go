package sip

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// quirkLog logs what peers do wrong: of each kind one line a second at most,
// which says how many were left out, and never a message's text.
type quirkLog struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[string]*quirkKind
}

type quirkKind struct {
	last time.Time
	left int
}

const (
	quirkEvery = time.Second
	quirkKinds = 64
	quirkText  = 160 // bytes of an error that are logged
)

func newQuirkLog(log *slog.Logger) *quirkLog {
	return &quirkLog{log: log, kinds: make(map[string]*quirkKind)}
}

func (q *quirkLog) note(what string, peer netip.AddrPort, err error) {
	left, ok := q.take(what, time.Now())
	if !ok {
		return
	}
	text := err.Error()
	if len(text) > quirkText {
		text = text[:quirkText]
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

func (q *quirkLog) take(what string, now time.Time) (left int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	k := q.kinds[what]
	if k == nil {
		if len(q.kinds) >= quirkKinds {
			return 0, false
		}
		k = &quirkKind{}
		q.kinds[what] = k
	}
	if now.Sub(k.last) < quirkEvery {
		k.left++
		return 0, false
	}
	left = k.left
	k.last, k.left = now, 0
	return left, true
}
