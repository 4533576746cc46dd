package session

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Config bounds sessions.
type Config struct {
	// PerUser and Total bound the sessions alive, those without a connection included.
	PerUser, Total int
	// Keep is how long a session waits for its client to come back.
	Keep time.Duration
	// Frames and Bytes bound what is kept of a session's frames.
	Frames, Bytes int
	// Behind and BehindBytes bound what a connection may have to send; they are less than
	// Frames and Bytes, so that who is let go of finds what it missed.
	Behind, BehindBytes int
	Now                 func() time.Time
	// May tells whether a principal may still get a topic; nil lets everybody. It does not wait.
	May func(p auth.Principal, topic string) bool
	// Ended is told of each session that is over; nil for nobody. It does not wait.
	Ended func(*Session)
}

// Default is what the server uses.
func Default() Config {
	return Config{
		PerUser: 16, Total: 4096, Keep: time.Minute, Frames: 1024, Bytes: 1 << 20, Behind: 512, BehindBytes: 512 << 10,
		Now: time.Now,
	}
}

// Store has the sessions.
type Store struct {
	cfg Config

	mu      sync.Mutex // taken after a session's, never before
	byID    map[string]*Session
	perUser map[string]int
	closed  bool
}

// NewStore makes a store without sessions.
func NewStore(cfg Config) *Store {
	return &Store{cfg: cfg, byID: make(map[string]*Session), perUser: make(map[string]int)}
}

// Open makes a session of a principal with its first connection. It fails with fault.TooMany
// over the user's limit and fault.Unavailable over the server's.
func (st *Store) Open(p auth.Principal) (*Session, *Feed, error) {
	s := &Session{ID: rand.Text(), store: st, principal: p, frames: ring{most: st.cfg.Frames, mostSize: st.cfg.Bytes}}
	feed := s.attach(1)
	st.yield(p.User)
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case st.closed:
		return nil, nil, fault.New(fault.Unavailable, "the server is shutting down")
	case st.perUser[p.User] >= st.cfg.PerUser:
		return nil, nil, fault.New(fault.TooMany, "%d sessions at one time, the limit", st.cfg.PerUser)
	case len(st.byID) >= st.cfg.Total:
		return nil, nil, fault.New(fault.Unavailable, "%d sessions at one time, the server's limit", st.cfg.Total)
	}
	st.byID[s.ID] = s
	st.perUser[p.User]++
	return s, feed, nil
}

// yield has a user's session that waits for its client make room for another one, where the
// user has as many as may be: who lost the network many times is not locked out.
func (st *Store) yield(user string) {
	st.mu.Lock()
	full := st.perUser[user] >= st.cfg.PerUser
	st.mu.Unlock()
	if !full {
		return
	}
	for _, s := range st.of(user) {
		if s.waits() {
			st.End(s)
			return
		}
	}
}

// Resumed is how a session goes on.
type Resumed struct {
	Session *Session
	Feed    *Feed
	Missed  uint64 // frames that will come now
	// Gap tells that frames after the number are kept no more: none of the missed ones comes.
	Gap bool
}

// Resume has a connection that has authenticated as a principal go on with a session of the
// same user and the same scopes, after the last frame that it knows. It reports false where there
// is no such session any more, or the number was never given.
func (st *Store) Resume(id string, p auth.Principal, check Check, after uint64) (Resumed, bool) {
	st.mu.Lock()
	s := st.byID[id]
	st.mu.Unlock()
	if s == nil {
		return Resumed{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.principal.User != p.User || !slices.Equal(s.principal.Scopes, p.Scopes) || after > s.frames.seq {
		return Resumed{}, false
	}
	s.principal, s.check = p, check // with the rights and the end of the newer token
	r := Resumed{Session: s, Gap: after+1 < s.frames.oldest()}
	next := after + 1
	if r.Gap {
		next = s.frames.seq + 1
	}
	r.Missed = s.frames.seq + 1 - next
	r.Feed = s.attach(next)
	return r, true
}

// expire ends a session whose client has not come back.
func (st *Store) expire(s *Session) {
	s.mu.Lock()
	stay := s.feed != nil || s.ended // it has come back at the last moment
	s.ended = s.ended || !stay
	s.mu.Unlock()
	if !stay {
		st.forget(s)
	}
}

// End ends a session at once: nothing is kept of it.
func (st *Store) End(s *Session) { st.end(s, ErrEnded) }

func (st *Store) end(s *Session, why error) {
	s.mu.Lock()
	already := s.ended
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.release(why)
	s.mu.Unlock()
	if !already {
		st.forget(s)
	}
}

func (st *Store) forget(s *Session) {
	st.mu.Lock()
	delete(st.byID, s.ID)
	if st.perUser[s.principal.User]--; st.perUser[s.principal.User] <= 0 {
		delete(st.perUser, s.principal.User)
	}
	st.mu.Unlock()
	if st.cfg.Ended != nil {
		st.cfg.Ended(s)
	}
}

// Len is how many sessions there are.
func (st *Store) Len() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.byID)
}

// Close ends every session; none begins from now on.
func (st *Store) Close() {
	st.mu.Lock()
	st.closed = true
	all := make([]*Session, 0, len(st.byID))
	for _, s := range st.byID {
		all = append(all, s)
	}
	st.mu.Unlock()
	for _, s := range all {
		st.End(s)
	}
}

var _ fanout.Member = (*Session)(nil)
