package chat

import (
	"net"
	"sync"

	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/media/webrtc/data"
)

// Line is a browser's way for messages by data channels, through all the connections that it has in
// a call. It is of whom Is has named, with the rights of the token or key that came then, until
// something of that user changes. A nil Line is that of a browser that has none.
type Line struct {
	s  *Service
	at Place

	mu       sync.Mutex // taken before the service's
	p        auth.Principal
	changes  uint64 // of the user, before p was named
	channels map[*channel]struct{}
}

// Line makes the line of a browser that is where at says. It is nobody's.
func (s *Service) Line(at Place) *Line {
	return &Line{s: s, at: at, channels: make(map[*channel]struct{})}
}

// Is says whose the browser is, as has been authenticated just now. Channels that were somebody
// else's, or are not for this one, are closed.
func (l *Line) Is(p auth.Principal) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = l.s.changesOf(p.User)
	other := p.User != l.p.User
	if l.p = p; other || !l.may() {
		l.close()
	}
}

// Data is what carries the data channels of a connection of the browser's, which is p's; nil for
// nothing.
func (l *Line) Data(p auth.Principal) func(net.Conn) {
	if l == nil {
		return nil
	}
	l.Is(p)
	return l.Serve
}

// may reports whether there may be a channel. The lock is held.
func (l *Line) may() bool {
	return l.p.User != "" && l.changes == l.s.changesOf(l.p.User) && rest.NeedsScope(l.p, "messages", false) == nil
}

// close closes the channels. The lock is held.
func (l *Line) close() {
	for ch := range l.channels {
		l.drop(ch)
		ch.c.Close()
	}
}

// drop forgets a channel. The lock is held.
func (l *Line) drop(ch *channel) {
	delete(l.channels, ch)
	l.s.part(ch)
}

// principal is who has sent something by a channel, if that may be.
func (l *Line) principal(ch *channel) (auth.Principal, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, open := l.channels[ch]
	return l.p, open && l.may()
}

// Serve carries the data channels of a connection of the browser's. Of those there is one for
// messages; others are closed.
func (l *Line) Serve(conn net.Conn) {
	var one sync.Mutex // the channel that there is
	data.Serve(conn, data.Config{Limits: data.Default(), Log: l.s.cfg.Log, Open: func(c *data.Channel) (data.Handler, bool) {
		if c.Label != Label || !c.Reliable || !one.TryLock() {
			return data.Handler{}, false
		}
		ch := l.open(c)
		if ch == nil {
			one.Unlock()
			return data.Handler{}, false
		}
		return data.Handler{Receive: ch.receive, Closed: func() {
			l.mu.Lock()
			l.drop(ch)
			l.mu.Unlock()
			one.Unlock()
		}}, true
	}})
}

// open makes a channel of the browser's the one for messages; nil where it may have none.
func (l *Line) open(c *data.Channel) *channel {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.may() {
		return nil
	}
	ch := &channel{l: l, user: l.p.User, c: c}
	l.channels[ch] = struct{}{}
	l.s.join(ch)
	return ch
}

// Changed closes the channels of a user, of whom, or of a key of whose, something has changed: when
// it returns, nothing more is taken from them. There are others once the browser has made an offer
// again, with what is accepted then; until then messages go by the WebSocket.
func (s *Service) Changed(user string) {
	s.mu.Lock()
	s.changes[user]++
	lines := make(map[*Line]struct{}, len(s.channels[user]))
	for ch := range s.channels[user] {
		lines[ch.l] = struct{}{}
	}
	s.mu.Unlock()
	for l := range lines {
		l.mu.Lock()
		if !l.may() {
			l.close()
		}
		l.mu.Unlock()
	}
}

func (s *Service) changesOf(user string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes[user]
}

func (s *Service) join(ch *channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.channels[ch.user] == nil {
		s.channels[ch.user] = make(map[*channel]struct{})
	}
	s.channels[ch.user][ch] = struct{}{}
}

func (s *Service) part(ch *channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.channels[ch.user], ch); len(s.channels[ch.user]) == 0 {
		delete(s.channels, ch.user)
	}
}
