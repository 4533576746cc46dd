package chat

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/voip/notify"
	"github.com/skygenesisenterprise/skybridge/internal/store"
)

// noteTime bounds how long the database may take to note what users have had.
const noteTime = 30 * time.Second

// receipts know which messages are on their way to users, and note those that they have had. Who
// hands a message over never waits for the database.
type receipts struct {
	store *store.Messages
	now   func() time.Time
	log   *slog.Logger
	queue *notify.Queue[string] // users of whom something is to be noted

	mu   sync.Mutex
	open map[string]map[string]*receipt // by user and message
}

// receipt is a message on its way to one user.
type receipt struct {
	ways int  // by which it goes now
	had  bool // by one of them
}

func newReceipts(cfg Config) *receipts {
	r := &receipts{store: cfg.Store, now: cfg.Now, log: cfg.Log, open: make(map[string]map[string]*receipt)}
	r.queue = notify.New(cfg.Log, r.note)
	return r
}

// hand begins to hand a message over to a user; done ends it, once.
func (r *receipts) hand(user, id string) (done func(had bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[user] == nil {
		r.open[user] = make(map[string]*receipt)
	}
	m := r.open[user][id]
	if m == nil {
		m = &receipt{}
		r.open[user][id] = m
	}
	m.ways++
	return func(had bool) {
		r.mu.Lock()
		m.ways--
		m.had = m.had || had
		if !m.had {
			r.forget(user, id, m)
		}
		r.mu.Unlock()
		if had {
			r.queue.Touch(user)
		}
	}
}

// forget drops what nobody waits for. The lock is held.
func (r *receipts) forget(user, id string, m *receipt) {
	if m.ways > 0 || r.open[user][id] != m {
		return
	}
	if delete(r.open[user], id); len(r.open[user]) == 0 {
		delete(r.open, user)
	}
}

// underway reports whether a message is being handed over to a user, or was and is to be noted.
func (r *receipts) underway(user, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open[user][id] != nil
}

// note notes what a user has had. What cannot be noted is told again.
func (r *receipts) note(user string) {
	r.mu.Lock()
	var ids []string
	for id, m := range r.open[user] {
		if m.had {
			ids = append(ids, id)
		}
	}
	r.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), noteTime)
	defer cancel()
	if err := r.store.Delivered(ctx, user, r.now(), ids...); err != nil {
		r.log.Error("messages not noted as told", "user", user, "messages", len(ids), "err", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if m := r.open[user][id]; m != nil {
			m.had = false
			r.forget(user, id, m)
		}
	}
}
