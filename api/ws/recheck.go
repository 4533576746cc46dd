package ws

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// recheckTime bounds the time in which one session is authenticated again.
const recheckTime = 10 * time.Second

// Changed authenticates a user's connections again, since something of the user, or of a key of
// theirs, has changed, and ends their data channels for messages. When it returns, those that are
// refused get nothing more.
func (s *Server) Changed(ctx context.Context, user string) {
	s.changes.Add(1)
	s.cfg.Chat.Changed(user)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckTime)
	defer cancel()
	defer s.cfg.Chat.Changed(user) // of offers that were on their way
	if err := s.sessions.Changed(ctx, user); err != nil {
		s.cfg.Log.Error("connections ended, as their user could not be authenticated again", "user", user, "err", err)
	}
}

// sweep authenticates everybody again now and then, until Close.
func (s *Server) sweep() {
	tick := time.NewTicker(s.cfg.Recheck)
	defer tick.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
			s.sessions.Each(func(to *session.Session) {
				guard.Do(s.cfg.Log, "the authentication of a WebSocket", func() { s.again(to) })
			})
		}
	}
}

// again authenticates a session again. One of which nothing can be learnt now stays until the
// next time.
func (s *Server) again(to *session.Session) {
	if s.life.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.life, recheckTime)
	defer cancel()
	if err := s.sessions.Again(ctx, to); err != nil && s.life.Err() == nil {
		s.cfg.Log.Warn("a user of a WebSocket was not authenticated again", "err", err)
	}
}

// byToken authenticates by a token.
func (c *connection) byToken(token string) session.Check {
	return func(context.Context) (auth.Principal, error) { return c.server.cfg.Token(token) }
}

// is authenticates the client, and notes by what.
func (c *connection) is(check session.Check) (auth.Principal, error) {
	c.check = check
	return check(c.server.life)
}

// failed tells of a token that is not accepted.
func (c *connection) failed(err error) {
	if c.server.cfg.Failed != nil && fault.Of(err) == fault.Unauthorized {
		c.server.cfg.Failed(c.from)
	}
}

// expire notes until when the token is good.
func (c *connection) expire(p auth.Principal) {
	c.mu.Lock()
	c.expires = p.Expires
	c.mu.Unlock()
	select {
	case c.renewed <- struct{}{}:
	default: // the writer has not looked yet
	}
}

// outlives reports whether a client may stay although what it came with has ended: a token is
// good for a while longer, a key is not. Else it closes the connection.
func (c *connection) outlives(s *session.Session, expires time.Time) bool {
	if !time.Now().Before(expires.Add(c.server.cfg.Leeway)) {
		c.close(closeUnauthorized, "the token has expired")
		return false
	}
	c.server.again(s)
	return true
}

// renew takes a newer token of the same user.
func (c *connection) renew(in *clientFrame) error {
	check := c.byToken(in.Token)
	p, err := check(c.server.life)
	if err != nil {
		c.failed(err)
		return fault.New(fault.Unauthorized, "the token is not accepted")
	}
	if p.User != c.session.Principal().User {
		return fault.New(fault.Forbidden, "the token is another user's")
	}
	c.check = check
	c.session.Vouch(check)
	c.session.Renew(p)
	c.expire(p)
	c.server.tell(c.session, typeRenewed, struct {
		InReplyTo replyTo `json:"in_reply_to,omitempty"`
	}{in.ID})
	return nil
}
