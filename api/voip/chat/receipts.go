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
	again func(user string, m MessageToUser)

	mu   sync.Mutex
	open map[string]map[string]*receipt // by user and message
}

// receipt is a message on its way to one user.
type receipt struct {
	ways int  // by which it goes now
	had  bool // by one of them, and not noted yet
	// noted tells that it was had: it does not matter any more whether the other ways bring it.
	noted bool
	// wanted is the message where somebody came meanwhile who was to be told; nil where nobody did.
	wanted *MessageToUser
}

// newReceipts makes receipts that have what was lost told again.
func newReceipts(cfg Config, again func(user string, m MessageToUser)) *receipts {
	r := &receipts{store: cfg.Store, now: cfg.Now, log: cfg.Log, again: again, open: make(map[string]map[string]*receipt)}
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
		var lost *MessageToUser
		if !m.had && r.forget(user, id, m) && !m.noted {
			lost = m.wanted
		}
		r.mu.Unlock()
		switch {
		case had:
			r.queue.Touch(user)
		case lost != nil:
			r.again(user, *lost)
		}
	}
}

// forget drops what nobody waits for, and reports whether that is so. The lock is held.
func (r *receipts) forget(user, id string, m *receipt) bool {
	if m.ways > 0 || r.open[user][id] != m {
		return false
	}
	if delete(r.open[user], id); len(r.open[user]) == 0 {
		delete(r.open, user)
	}
	return true
}

// underway reports whether a message is being handed over to a user, or was and is to be noted.
// Where it does not arrive, what is wanted is told again; nil has nothing told.
func (r *receipts) underway(user, id string, wanted *MessageToUser) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.open[user][id]
	if m != nil && wanted != nil {
		m.wanted = wanted
	}
	return m != nil
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
	err := r.store.Delivered(ctx, user, r.now(), ids...)
	if err != nil {
		r.log.Error("messages not noted as told", "user", user, "messages", len(ids), "err", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if m := r.open[user][id]; m != nil {
			m.had, m.noted = false, err == nil
			r.forget(user, id, m)
		}
	}
}
