package requests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// News is something that happens and is told to all who watch it.
type News struct {
	Name string
	// begin makes what is watched and gives its channel, and what makes it happen for the n-th
	// time; mark is what a frame has in it that tells of the n-th time.
	begin func(*house) (channel string, happen func(n int) error, err error)
	mark  func(n int) []byte
}

// AllNews are what is measured.
func AllNews() []News {
	return []News{
		{"a room is locked by POST", (*house).locked, func(n int) []byte { return fmt.Appendf(nil, `"locked":%t`, n%2 == 0) }},
		{"somebody is away", (*house).away, func(n int) []byte { return fmt.Appendf(nil, `"status_message":"news %d"`, n) }},
	}
}

// locked is a room that is locked and unlocked in turn.
func (h *house) locked() (string, func(int) error, error) {
	moderator, err := h.user("moderator")
	if err != nil {
		return "", nil, err
	}
	var room struct {
		ID string `json:"id"`
	}
	if err := moderator.made(http.MethodPost, base+"/rooms", map[string]any{"name": "news"}, http.StatusCreated, &room); err != nil {
		return "", nil, err
	}
	turns := [2]string{base + "/rooms/" + room.ID + "/lock", base + "/rooms/" + room.ID + "/unlock"}
	return "room:" + room.ID, func(n int) error {
		status, err := moderator.do(http.MethodPost, turns[n%2], nil)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%s: %d: %s", turns[n%2], status, moderator.got.Body())
		}
		return err
	}, nil
}

// away is a user whose presence changes.
func (h *house) away() (string, func(int) error, error) {
	u, err := h.user("somebody")
	if err != nil {
		return "", nil, err
	}
	e, err := h.listen(u, "signaling", nil)
	if err != nil {
		return "", nil, err
	}
	return "presence:somebody", func(n int) error {
		return e.conn.WriteJSON(map[string]string{
			"type": "PresenceUpdate", "user_id": u.name, "status": "away", "status_message": fmt.Sprintf("news %d", n),
		})
	}, nil
}

// Spread is how news came to all who watched.
type Spread struct {
	News                string
	Subscribers, Events int
	// Delays are from before the request to the frame's receipt, of all events and subscribers;
	// Last those of who had each event last.
	Delays, Last []time.Duration
	// Each is the server's processor time for one event, Client the share of a core that the
	// subscribers took, Stolen what the hypervisor took of the server's.
	Each           time.Duration
	Client, Stolen float64
}

// Doubt says why the figures are not the server's; "" where they are.
func (s *Spread) Doubt() string {
	if s.Stolen > meter.MostStolen {
		return fmt.Sprintf("%.0f %% of the core was stolen", 100*s.Stolen)
	}
	return ""
}

// arrivals are those of one event at its subscribers.
type arrivals struct {
	mark    []byte
	at      []atomic.Int64 // since began, in nanoseconds; 0 while it has not come
	missing atomic.Int64
	all     chan struct{}
}

// Spread has events happen, one when all have heard of the one before. It fails when one
// that has subscribed is not told of an event, or of any twice.
func (r Runner) Spread(ctx context.Context, news News, subscribers, events int) (_ *Spread, err error) {
	h, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	channel, happen, err := news.begin(h)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", news.Name, err)
	}
	began := time.Now()
	var now atomic.Pointer[arrivals]
	var twice atomic.Int64
	for i := range subscribers {
		u, err := h.user(fmt.Sprintf("subscriber%d", i), auth.RoleAuditor)
		if err != nil {
			return nil, err
		}
		if _, err := h.listen(u, channel, func(text []byte) {
			at, event := time.Since(began), now.Load()
			if event == nil || !bytes.Contains(text, event.mark) {
				return
			}
			if !event.at[i].CompareAndSwap(0, int64(at)) {
				twice.Add(1)
				return
			}
			if event.missing.Add(-1) == 0 {
				close(event.all)
			}
		}); err != nil {
			return nil, fmt.Errorf("%s: %w", news.Name, err)
		}
	}
	s := &Spread{News: news.Name, Subscribers: subscribers, Events: events}
	if err := meter.Settle(ctx, h.served.PID()); err != nil {
		return nil, err
	}
	from, err := h.read()
	if err != nil {
		return nil, err
	}
	for n := range events {
		event := &arrivals{mark: news.mark(n), at: make([]atomic.Int64, subscribers), all: make(chan struct{})}
		event.missing.Store(int64(subscribers))
		now.Store(event)
		sent := time.Since(began)
		if err := happen(n); err != nil {
			return nil, fmt.Errorf("%s: %w", news.Name, err)
		}
		if err := event.wait(ctx); err != nil {
			return nil, fmt.Errorf("%s, %d. time: %w", news.Name, n+1, err)
		}
		last := time.Duration(0)
		for i := range event.at {
			d := time.Duration(event.at[i].Load()) - sent
			s.Delays = append(s.Delays, d)
			last = max(last, d)
		}
		s.Last = append(s.Last, last)
	}
	until, err := h.read()
	if err != nil {
		return nil, err
	}
	if n := twice.Load(); n > 0 {
		return nil, fmt.Errorf("%s: %d frames came twice", news.Name, n)
	}
	spent, client := until.spent(&from)
	s.Each, s.Client, s.Stolen = spent.CPU/time.Duration(max(events, 1)), client, spent.Stolen
	return s, nil
}

func (a *arrivals) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-a.all:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d of %d have not heard of it: %w", a.missing.Load(), len(a.at), ctx.Err())
	}
}
