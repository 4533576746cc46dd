// Package session keeps what a client of the WebSocket is told, apart from the socket that
// carries it: frames are numbered, the last ones are kept for a while after the connection
// broke, and a further connection goes on where the one before ended.
//
// A session never waits for its reader. Who falls too far behind is let go of, and may come
// back for what it missed.
//
// It starts no goroutine; sessions that wait for their client end by a timer.
package session

import (
	"errors"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
)

// Why a Feed ends.
var (
	// ErrBehind is a reader that is too far behind. Its session lives on.
	ErrBehind = errors.New("the reader is too far behind")
	// ErrTaken is another connection that has resumed the session.
	ErrTaken = errors.New("another connection has resumed the session")
	// ErrEnded is a session that is over.
	ErrEnded = errors.New("the session has ended")
)

// Session is what one client is told. It is a fanout.Member.
type Session struct {
	ID    string
	store *Store

	mu        sync.Mutex
	principal auth.Principal
	check     Check // nil where nothing can be asked
	frames    ring
	feed      *Feed // nil while no connection is there
	ended     bool
	timer     *time.Timer // ends a session without a connection
}

// Feed is a connection's view of its session: the frames that it has not sent yet.
type Feed struct {
	session *Session
	missed  []entry       // what came before it, to be sent first
	next    uint64        // the number of the frame to be sent next, after those
	size    int           // bytes from there on
	err     error         // why it has ended
	wake    chan struct{} // holds one token when there may be something new
	receipt string        // of the frame that was given last; the reader's
}

// Principal is whom the session belongs to.
func (s *Session) Principal() auth.Principal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.principal
}

// Renew has the session go on with the rights of a newer token of the same user.
func (s *Session) Renew(p auth.Principal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.principal = p
	}
}

// Deliver implements fanout.Member: what the session's user may not hear of any more is left
// out, and its topic with it.
func (s *Session) Deliver(topic string, f fanout.Frame) {
	if may := s.store.cfg.May; may != nil && !may(s.Principal(), topic) {
		return
	}
	s.Tell(f)
}

// Tell adds a frame for this session alone.
func (s *Session) Tell(f fanout.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(f)
}

// tell adds a frame. The lock is held.
func (s *Session) tell(f fanout.Frame) {
	if s.ended || f.Receipt != "" && s.frames.told(f.Receipt) {
		return
	}
	seq := s.frames.add(f, s.store.cfg.Now())
	feed := s.feed
	if feed == nil {
		return
	}
	feed.size += f.Bytes()
	if seq-feed.next >= uint64(s.store.cfg.Behind) || feed.size > s.store.cfg.BehindBytes && seq > feed.next {
		s.release(ErrBehind)
		return
	}
	feed.notify()
}

// release takes the connection off the session, which waits for another one. The lock is held.
func (s *Session) release(why error) {
	if s.feed == nil {
		return
	}
	s.feed.err = why
	s.feed.notify()
	s.feed = nil
	if !s.ended {
		s.timer = time.AfterFunc(s.store.cfg.Keep, func() { s.store.expire(s) })
	}
}

// attach makes a feed from a number on the session's. What it has missed by now does not count
// as being behind. The lock is held.
func (s *Session) attach(next uint64) *Feed {
	s.release(ErrTaken)
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.feed = &Feed{session: s, missed: s.frames.from(next), next: s.frames.seq + 1, wake: make(chan struct{}, 1)}
	s.feed.notify()
	return s.feed
}

func (f *Feed) notify() {
	select {
	case f.wake <- struct{}{}:
	default: // it has not looked yet
	}
}

// Session is the one that the feed is of.
func (f *Feed) Session() *Session { return f.session }

// Wake has a token when Next may have something: a frame, or the feed's end.
func (f *Feed) Wake() <-chan struct{} { return f.wake }

// Next appends the next frame as JSON to b. It reports false when there is none for now; the
// error is why there will be none.
func (f *Feed) Next(b []byte) (out []byte, ok bool, err error) {
	s := f.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.err != nil {
		return b, false, f.err
	}
	var e entry
	if len(f.missed) > 0 {
		e, f.missed = f.missed[0], f.missed[1:]
	} else if e, ok = s.frames.at(f.next); ok {
		f.next++
		f.size -= e.frame.Bytes()
	} else {
		return b, false, nil
	}
	f.receipt = e.frame.Receipt
	return e.frame.Append(b, e.seq, e.at.UTC().Format(time.RFC3339Nano)), true, nil
}

// Receipt is that of the frame that Next has given last.
func (f *Feed) Receipt() string { return f.receipt }

// Close takes the connection off its session, which is kept for a while.
func (f *Feed) Close() {
	s := f.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feed == f {
		s.release(ErrTaken)
	}
}
