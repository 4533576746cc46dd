// Package ws is the WebSocket of the API, /ws/auth: what happens is pushed to those who may know
// it, and clients signal over it as they do by POST. A connection belongs to a session (package
// session), which outlives it for a while, so that a client that lost its network goes on where
// it was.
//
// A token is taken from the URL, the subprotocol or the first frame, and is neither logged nor
// answered.
//
// Goroutines: two per connection, which read and write it, and one that authenticates everybody
// again now and then; Close ends them.
package ws

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/skygenesisenterprise/skybridge/api/voip/access"
	"github.com/skygenesisenterprise/skybridge/api/voip/chat"
	"github.com/skygenesisenterprise/skybridge/api/voip/layout"
	"github.com/skygenesisenterprise/skybridge/api/voip/mailbox"
	"github.com/skygenesisenterprise/skybridge/api/voip/rest"
	"github.com/skygenesisenterprise/skybridge/api/ws/fanout"
	"github.com/skygenesisenterprise/skybridge/api/ws/frame"
	"github.com/skygenesisenterprise/skybridge/api/ws/session"
	"github.com/skygenesisenterprise/skybridge/internal/auth"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/signaling/presence"
)

// Path is where the WebSocket is.
const Path = "/ws/auth"

// Calls is what the WebSocket asks of calls and rooms.
type Calls interface {
	// SeesCall and SeesRoom report whether a principal may know of a call, or a room.
	SeesCall(p auth.Principal, id string) bool
	SeesRoom(p auth.Principal, id string) bool
	// ShowCall is a call that a principal may see, for the frame that its subscription begins with.
	ShowCall(p auth.Principal, id string) (any, error)
	// Signal does what POST /calls/{id}/signaling does.
	Signal(ctx context.Context, p auth.Principal, call string, in Signal) (mailbox.MessageBody, error)
	// Arrange does what POST /calls/{id}/layout does.
	Arrange(p auth.Principal, call string, in layout.Body) error
}

// Signal is a signaling message of a client's.
type Signal struct {
	ToUser, MessageType string
	Payload             json.RawMessage
}

// Config is what a Server is made of.
type Config struct {
	// Hub is where what is to be told is published.
	Hub   *fanout.Hub
	Calls Calls
	// Presence knows how users are; it is closed with the server.
	Presence *presence.Registry
	// Chat is messages between users.
	Chat *chat.Service
	// Token checks a token as it stands in a frame; Failed is told of an address that has sent one
	// that is not accepted. nil tells nobody.
	Token  func(token string) (auth.Principal, error)
	Failed func(from netip.Addr)
	Log    *slog.Logger
	// Sessions bounds the sessions; its Ended and May are the server's.
	Sessions session.Config
	// AuthTime is how long a connection may take to say who it is, Strangers how many may be
	// there at one time that have not, and StrangersOfOne how many of those from one address.
	AuthTime       time.Duration
	Strangers      int
	StrangersOfOne int
	// Settle is how long a client has to resume a session before it is told what waits for its user.
	Settle time.Duration
	// Ping is how often a client is asked for a sign of life, Idle after how long without one the
	// connection ends, WriteTime how long it may take to take a frame.
	Ping, Idle, WriteTime time.Duration
	// Leeway is how long after its end a token is still good, as the API takes it.
	Leeway time.Duration
	// Recheck is how often everybody is authenticated again: changes that Changed is not told of,
	// by another process on the same database, are found by then.
	Recheck time.Duration
}

// Default are the bounds that the server uses.
func Default() Config {
	return Config{
		Sessions: session.Default(), AuthTime: 10 * time.Second, Strangers: 512, StrangersOfOne: 64, Ping: 20 * time.Second, Idle: time.Minute,
		WriteTime: 10 * time.Second, Settle: time.Second, Leeway: time.Minute, Recheck: time.Minute,
	}
}

const (
	// MaxFrame is the largest frame that a client may send: a payload of 64 KiB with what it
	// stands in. Descriptions of more go by REST.
	MaxFrame = 96 << 10
	// buffers of a connection; frames may be larger.
	bufferBytes = 4 << 10
)

// Server is the WebSocket's end on our side.
type Server struct {
	cfg      Config
	sessions *session.Store
	changes  atomic.Uint64 // of users and keys
	handler  fiber.Handler
	life     context.Context //nolint:containedctx // ended by Close
	stop     context.CancelFunc

	mu        sync.Mutex
	open      map[*connection]struct{}
	strangers int
	from      map[netip.Addr]int // strangers of each address
	closed    bool
	running   sync.WaitGroup
	sweeping  sync.WaitGroup
}

// New makes a server.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, open: make(map[*connection]struct{}), from: make(map[netip.Addr]int)}
	s.life, s.stop = context.WithCancel(context.Background())
	cfg.Sessions.Ended = s.ended
	cfg.Sessions.May = s.may
	s.sessions = session.NewStore(cfg.Sessions)
	s.sweeping.Go(func() { // owned by s, ended by Close
		defer guard.Recover(cfg.Log, "what authenticates WebSockets again")
		s.sweep()
	})
	s.handler = websocket.New(s.serve, websocket.Config{
		Subprotocols: []string{bearer}, ReadBufferSize: bufferBytes, WriteBufferSize: bufferBytes, RecoverHandler: s.recovered,
	})
	return s
}

const openingLocal = "opening"

// opening is what a connection begins with.
type opening struct {
	principal *auth.Principal // nil when the first frame tells
	check     session.Check
	from      netip.Addr // by which strangers are counted
	changes   uint64     // before it was authenticated
}

// Upgrade makes a WebSocket of a request. check says who it is from, nil when the first frame
// tells; from is the address that strangers are counted by.
func (s *Server) Upgrade(c *fiber.Ctx, check session.Check, from netip.Addr) error {
	open := opening{changes: s.changes.Load(), check: check, from: from}
	if check != nil {
		p, err := check(c.UserContext())
		if err != nil {
			return err
		}
		open.principal = &p
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errShutdown
	}
	if !websocket.IsWebSocketUpgrade(c) {
		c.Set(fiber.HeaderUpgrade, "websocket")
		return fiber.NewError(fiber.StatusUpgradeRequired, "this is a WebSocket")
	}
	c.Locals(openingLocal, open)
	if err := s.handler(c); err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "no WebSocket handshake of version 13")
	}
	return nil
}

// serve has a connection until it ends.
func (s *Server) serve(conn *websocket.Conn) {
	open, _ := conn.Locals(openingLocal).(opening)
	p := open.principal
	c := newConnection(s, conn.Conn)
	c.from = open.from
	if p != nil {
		c.check, c.changes = open.check, open.changes
	}
	if err := s.adopt(c, p == nil); err != nil {
		c.refuseError(err)
		return
	}
	defer s.drop(c)
	if p == nil {
		first, err := c.introduce()
		s.known(c)
		if s.life.Err() != nil {
			err = errShutdown
		}
		if err != nil {
			c.refuseError(err)
			return
		}
		p = &first
	}
	c.run(*p)
}

// adopt takes up a connection, if there may be one more.
func (s *Server) adopt(c *connection, stranger bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errShutdown
	case stranger && s.strangers >= s.cfg.Strangers:
		return fault.New(fault.Unavailable, "%d connections wait to say who they are, the limit", s.strangers)
	case stranger && s.from[c.from] >= s.cfg.StrangersOfOne:
		return fault.New(fault.TooMany, "%d connections of your address wait to say who they are, the limit", s.from[c.from])
	}
	if stranger {
		s.from[c.from]++
		s.strangers++
	}
	s.open[c] = struct{}{}
	s.running.Add(1)
	return nil
}

var errShutdown = fault.New(fault.Unavailable, "the server is shutting down")

// known counts a connection no longer as a stranger's.
func (s *Server) known(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strangers--
	if s.from[c.from]--; s.from[c.from] == 0 {
		delete(s.from, c.from)
	}
}

func (s *Server) drop(c *connection) {
	c.part()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	s.running.Done()
}

// recovered is a connection whose handling panicked: it ends, and nothing else.
func (s *Server) recovered(conn *websocket.Conn) {
	if r := recover(); r != nil { //nolint:revive // the library defers this very function
		s.cfg.Log.Error("panic in a WebSocket, connection ended", "peer", conn.NetConn().RemoteAddr().String(), "err", fmt.Sprint(r), "stack", string(debug.Stack()))
	}
}

// ended lets go of what a session had.
func (s *Server) ended(e *session.Session) { s.cfg.Hub.LeaveAll(e) }

// Close ends every connection and session and waits for that.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	all := make([]*connection, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	s.mu.Unlock()
	s.stop()
	for _, c := range all {
		c.interrupt()
	}
	s.running.Wait()
	s.sweeping.Wait()
	s.sessions.Close()
	s.cfg.Presence.Close()
}

// Sessions is how many sessions there are.
func (s *Server) Sessions() int { return s.sessions.Len() }

// tell publishes to one session.
func (s *Server) tell(to *session.Session, kind string, v any) {
	f, err := fanout.NewFrame(kind, v)
	if err != nil { // what we tell are plain values
		s.cfg.Log.Error("frame not told", "err", err)
		return
	}
	to.Tell(f)
}

// requestTime bounds what a frame of a client's asks for.
const requestTime = 30 * time.Second

// answer does what a frame asks for, and tells how that went.
func (s *Server) answer(c *connection, data []byte) {
	var in clientFrame
	if err := in.read(data); err != nil {
		s.tell(c.session, frame.TypeError, frame.ErrorOf(s.cfg.Log, err, nil))
		return
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	if err := s.do(ctx, c, &in); err != nil {
		s.tell(c.session, frame.TypeError, frame.ErrorOf(s.cfg.Log, err, in.ID))
	}
}

// changes are the frames that change something, and what the scopes of API keys call it.
var changes = map[string]string{chat.FrameType: "messages", typePresenceUpdate: "presence", TypeSignaling: "calls", typeLayout: "calls"}

// do does what a frame of a client's asks for.
func (s *Server) do(ctx context.Context, c *connection, in *clientFrame) error {
	if object, ok := changes[in.Type]; ok {
		if err := rest.NeedsScope(c.session.Principal(), object, true); err != nil {
			return err
		}
	}
	switch in.Type {
	case typeAuth:
		return c.renew(in)
	case typeSubscribe:
		return s.subscribe(c.session, in)
	case typeUnsubscribe:
		return s.unsubscribe(c.session, in)
	case typeResume:
		return c.resume(in)
	case chat.FrameType:
		return s.send(ctx, c.session, in)
	case typePresenceUpdate:
		return s.setPresence(c.session, in)
	case TypeSignaling:
		return s.signal(ctx, c.session, in)
	case typeLayout:
		return s.arrange(c.session, in)
	default:
		return inField("type", fault.New(fault.Invalid, "no frame of type %.64q", in.Type))
	}
}

// acting is a session's principal as it changes something.
func acting(s *session.Session) auth.Principal { return access.Rule{Write: true}.Acting(s.Principal()) }

// signal takes a signaling message. It comes back with the answer to an offer, as by POST.
func (s *Server) signal(ctx context.Context, from *session.Session, in *clientFrame) error {
	msg, err := s.cfg.Calls.Signal(ctx, acting(from), in.CallID, Signal{in.ToUser, in.MessageType, in.Payload})
	if err == nil {
		s.tell(from, typeSent, sent{in.CallID, msg, in.ID})
	}
	return err
}

// arrange takes a layout, and tells that it did.
func (s *Server) arrange(from *session.Session, in *clientFrame) error {
	err := s.cfg.Calls.Arrange(from.Principal(), in.CallID, in.Layout)
	if err == nil {
		s.tell(from, typeArranged, arranged{in.CallID, in.ID})
	}
	return err
}

type replyTo = frame.ReplyTo
