package ws

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fasthttp/websocket"

	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// The codes that connections are closed with: those of RFC 6455 §7.4.1, and of ours.
const (
	closeGoingAway   = websocket.CloseGoingAway
	closeUnsupported = websocket.CloseUnsupportedData
	closeTryAgain    = websocket.CloseTryAgainLater

	// closeUnauthorized: no token, a bad one, or one that has expired. Come back with a new one.
	closeUnauthorized = 4401
	// closeBehind: the client does not read what it is sent. Come back and resume.
	closeBehind = 4408
	// closeTaken: the session was resumed by another connection.
	closeTaken = 4409
	// closeTooMany: more connections than a user may have.
	closeTooMany = 4429
)

const (
	controlTime = time.Second // to write a ping or the end
	// How many frames a client may send a second, and at once after a pause; beyond that it
	// is read later.
	framesPerSecond = 100
	framesAtOnce    = 300
)

// connection is one WebSocket. Its reader is who called run; its writer is the only one to write
// frames. Control frames may be written by anybody.
type connection struct {
	server *Server
	conn   *websocket.Conn
	from   netip.Addr // whom it is counted as

	mu      sync.Mutex
	feed    *session.Feed
	expires time.Time // the end of what the client came with; zero for never

	parting sync.Mutex // guards the connection from being used when it is another's
	parted  bool

	// check authenticates the client again; the reader's. changes is how many changes of users
	// there had been before it was authenticated.
	check   session.Check
	changes uint64

	closing atomic.Bool      // the end is on its way: nothing more is waited for
	session *session.Session // the reader's
	bucket  bucket
	// delivered is done once what waited for the user has been told.
	delivered sync.Once
	handed    handed
	renewed   chan struct{} // holds a token when expires has changed
	done      chan struct{} // closed when the reader has ended
}

func newConnection(s *Server, conn *websocket.Conn) *connection {
	conn.SetReadLimit(MaxFrame)
	return &connection{
		server: s, conn: conn, changes: s.changes.Load(), renewed: make(chan struct{}, 1), done: make(chan struct{}),
		handed: handed{answered: make(chan struct{}, 1)},
	}
}

// interrupt has the reader end from any goroutine.
func (c *connection) interrupt() {
	c.parting.Lock()
	defer c.parting.Unlock()
	if !c.parted {
		c.cut()
	}
}

// part is the end of the connection's use: what it is made of is used again for others.
func (c *connection) part() {
	c.parting.Lock()
	defer c.parting.Unlock()
	c.parted = true
}

// close ends the connection: its reader finds it closed.
func (c *connection) close(code int, why string) {
	c.closing.Store(true)
	deadline := time.Now().Add(controlTime)
	err := c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), deadline)
	if err == nil { // the client is to answer; it does not have for ever
		err = c.conn.NetConn().SetReadDeadline(deadline)
	}
	if err != nil { // it takes nothing more
		c.cut()
	}
}

// cut ends the connection at once: whoever reads or writes it fails. It is closed by the HTTP
// server once its reader has returned.
func (c *connection) cut() {
	c.closing.Store(true)
	if err := c.conn.NetConn().SetDeadline(time.Unix(1, 0)); err != nil {
		c.server.cfg.Log.Debug("connection not cut", "peer", c.conn.RemoteAddr().String(), "err", err)
	}
}

var errClosing = errors.New("the connection is being closed")

// alive gives the client time until its next sign of life.
func (c *connection) alive() error {
	if err := c.conn.SetReadDeadline(time.Now().Add(c.server.cfg.Idle)); err != nil {
		return err
	}
	if c.closing.Load() { // which may have set its own meanwhile
		c.cut()
		return errClosing
	}
	return nil
}

// refuse ends a connection that is not read any more.
func (c *connection) refuse(code int, why string) {
	c.close(code, why)
	for { // until the client has answered, or the deadline
		if _, _, err := c.conn.ReadMessage(); err != nil {
			return
		}
	}
}

// refuseError ends a connection because of an error.
func (c *connection) refuseError(err error) {
	switch fault.Of(err) {
	case fault.Unauthorized:
		c.refuse(closeUnauthorized, "unauthorized")
	case fault.TooMany:
		c.refuse(closeTooMany, err.Error())
	case fault.Unavailable:
		if c.server.life.Err() != nil {
			c.refuse(closeGoingAway, "the server is shutting down")
			return
		}
		c.refuse(closeTryAgain, err.Error())
	default:
		c.refuse(closeTryAgain, "try again later")
	}
}

// introduce waits for the first frame, which says who the client is.
func (c *connection) introduce() (auth.Principal, error) {
	unknown := fault.New(fault.Unauthorized, "the first frame must be Auth with a token")
	if err := c.conn.SetReadDeadline(time.Now().Add(c.server.cfg.AuthTime)); err != nil {
		return auth.Principal{}, unknown
	}
	kind, data, err := c.conn.ReadMessage()
	if err != nil || kind != websocket.TextMessage {
		return auth.Principal{}, unknown
	}
	var in clientFrame
	if err := in.read(data); err != nil || in.Type != typeAuth {
		return auth.Principal{}, unknown
	}
	p, err := c.is(c.byToken(in.Token))
	if err != nil {
		c.failed(err)
	}
	return p, err
}

// run serves a principal until the connection ends.
func (c *connection) run(p auth.Principal) {
	s, feed, err := c.server.sessions.Open(p)
	if err != nil {
		c.refuseError(err)
		return
	}
	if err := c.server.cfg.Presence.Connected(p.User, p.Extension); err != nil {
		c.server.sessions.End(s)
		c.refuseError(err)
		return
	}
	defer c.server.cfg.Presence.Disconnected(p.User)
	c.session, c.feed = s, feed
	s.Vouch(c.check)
	if c.changes != c.server.changes.Load() { // somebody has changed meanwhile
		if err := c.server.sessions.Again(c.server.life, s); err != nil {
			c.server.sessions.End(s)
			c.refuseError(err)
			return
		}
	}
	c.expire(p)
	c.bucket = bucket{tokens: framesAtOnce, at: time.Now()}
	if mayHearOwn(p) == nil {
		c.server.cfg.Hub.Join(fanout.SignalingOf(p.User), s)
	}
	c.server.tell(s, typeWelcome, welcome{s.ID, p.User, int(c.server.cfg.Sessions.Keep.Seconds()), MaxFrame})
	var writing sync.WaitGroup
	writing.Go(func() { // owned by run, which ends it by done and waits for it
		defer guard.Recover(c.server.cfg.Log, "the writer of a WebSocket, connection ended", c.cut)
		c.write()
	})
	defer c.handed.end()
	defer writing.Wait()
	defer c.leave()
	c.read()
}

// leave ends the connection's part in its session.
func (c *connection) leave() {
	if c.server.life.Err() != nil {
		c.close(closeGoingAway, "the server is shutting down")
	}
	close(c.done)
	c.current().Close()
	c.cut() // the writer may be waiting in it
}

func (c *connection) current() *session.Feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.feed
}

// read takes the client's frames until the connection ends.
func (c *connection) read() {
	c.conn.SetPongHandler(func(text string) error {
		c.handed.answer(text)
		return c.alive()
	})
	answer := c.conn.PingHandler()
	c.conn.SetPingHandler(func(data string) error { return errors.Join(c.alive(), answer(data)) })
	for c.alive() == nil {
		kind, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if kind != websocket.TextMessage {
			c.close(closeUnsupported, "frames are text")
			return
		}
		c.bucket.wait()
		if c.session.Over() { // the writer says why
			continue
		}
		c.server.answer(c, data)
		c.delivered.Do(func() { c.server.deliver(c.session) }) // which it has resumed, if it wished to
	}
}

// write sends what the session tells until the connection ends.
func (c *connection) write() {
	ping := time.NewTicker(c.server.cfg.Ping)
	defer ping.Stop()
	over := time.NewTimer(time.Hour)
	defer over.Stop()
	settled := time.NewTimer(c.server.cfg.Settle)
	defer settled.Stop()
	var buf []byte
	for {
		feed := c.current()
		frame, ok, err := feed.Next(buf[:0])
		buf = frame
		if err != nil && feed != c.current() {
			continue // it has resumed another session
		}
		if err != nil {
			c.letGo(err)
			return
		}
		var wake <-chan struct{}
		now := make(chan struct{})
		if ok {
			if !c.hand(frame, feed) {
				return
			}
			close(now) // look at what else is due, without waiting
		} else {
			wake = feed.Wake()
		}
		select {
		case <-c.done:
			return
		case <-c.renewed:
			c.mu.Lock()
			expires := c.expires
			c.mu.Unlock()
			over.Stop()
			if !expires.IsZero() {
				over.Reset(time.Until(expires) + time.Millisecond)
			}
		case <-over.C:
			c.mu.Lock()
			expires := c.expires
			c.mu.Unlock()
			if !c.outlives(feed.Session(), expires) {
				return
			}
			over.Reset(time.Until(expires.Add(c.server.cfg.Leeway)))
		case <-ping.C:
			if err := c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(controlTime)); err != nil {
				c.cut() // the reader ends with it
				return
			}
		case <-c.handed.answered:
			if !c.ask() {
				return
			}
		case <-settled.C:
			c.delivered.Do(func() { c.server.deliver(feed.Session()) })
		case <-wake:
		case <-now:
		}
	}
}

// send writes a frame. A client that does not take it is let go of: its session waits.
func (c *connection) send(frame []byte) bool {
	err := c.conn.SetWriteDeadline(time.Now().Add(c.server.cfg.WriteTime))
	if err == nil {
		err = c.conn.WriteMessage(websocket.TextMessage, frame)
	}
	if err != nil {
		c.cut() // the reader ends with it
	}
	return err == nil
}

// letGo ends a connection that its session has let go of.
func (c *connection) letGo(why error) {
	switch {
	case errors.Is(why, session.ErrBehind):
		c.close(closeBehind, "too far behind: resume")
	case errors.Is(why, session.ErrRevoked):
		c.close(closeUnauthorized, why.Error())
	case errors.Is(why, session.ErrTaken):
		c.close(closeTaken, "the session goes on elsewhere")
	default:
		c.close(closeGoingAway, "the session has ended")
	}
}

// resume goes on with a session whose connection broke.
func (c *connection) resume(in *clientFrame) error {
	if in.Session == c.session.ID {
		return inField("session", fault.New(fault.Conflict, "that is this connection's session"))
	}
	r, ok := c.server.sessions.Resume(in.Session, c.session.Principal(), c.check, in.After)
	if !ok {
		c.server.tell(c.session, typeGap, gap{c.session.ID, false, in.ID})
		return nil
	}
	before := c.session
	c.session = r.Session
	c.mu.Lock()
	c.feed = r.Feed
	c.mu.Unlock()
	c.server.sessions.End(before) // after which the writer looks for the other one
	if r.Gap {
		c.server.tell(r.Session, typeGap, gap{r.Session.ID, true, in.ID})
	} else {
		c.server.tell(r.Session, typeResumed, resumed{r.Session.ID, r.Missed, in.ID})
	}
	return nil
}

// bucket lets so many frames through and no faster.
type bucket struct {
	tokens float64
	at     time.Time
}

// wait waits for the next one's turn, a moment at most.
func (b *bucket) wait() {
	now := time.Now()
	b.tokens = min(framesAtOnce, b.tokens+now.Sub(b.at).Seconds()*framesPerSecond) - 1
	b.at = now
	if b.tokens < 0 {
		time.Sleep(time.Duration(-b.tokens / framesPerSecond * float64(time.Second)))
	}
}
