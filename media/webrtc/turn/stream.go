package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// patience is how long connections may take.
type patience struct {
	// handshake is TLS's, half that of the rest of a message, slow the client's to receive
	// one.
	handshake, half, slow time.Duration
	// idle is how long a connection without an allocation may be silent, unused how long
	// it may live; one with an allocation lives as long as that.
	idle, unused time.Duration
}

// mostStrange is how many messages a connection without an allocation may send.
const mostStrange = 64

// gate counts connections.
type gate struct {
	total, perAddress int

	mu   sync.Mutex
	open int
	by   map[netip.Addr]int
}

func (g *gate) enter(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	from = origin(from)
	if g.open >= g.total || g.by[from] >= g.perAddress {
		return false
	}
	g.open++
	g.by[from]++
	return true
}

func (g *gate) leave(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from = origin(from)
	g.open--
	if g.by[from]--; g.by[from] == 0 {
		delete(g.by, from)
	}
}

func (g *gate) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// streams is a listener for TCP, or TLS, which goes on until it is closed.
type streams struct {
	server *Server
	*net.TCPListener
	tls *tls.Config // nil is TCP
}

// Accept gives the next connection within the limits; no handshake has been done, so
// that nobody waits for anybody. Its only error is net.ErrClosed.
func (l *streams) Accept() (net.Conn, error) {
	for failures := 0; ; {
		conn, err := l.AcceptTCP()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			failures++
			backoff(failures)
			continue
		}
		failures = 0
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		if !l.server.gate.enter(from.Addr()) {
			l.server.counts.refusedConnections.Add(1)
			_ = conn.Close() // nothing was promised to it
			continue
		}
		s := &stream{
			server: l.server, Conn: conn, opened: time.Now(),
			flow: flow{true, from, conn.LocalAddr().(*net.TCPAddr).AddrPort()},
		}
		if l.tls != nil {
			s.tls = tls.Server(conn, l.tls)
			s.Conn = s.tls
		}
		if l.server.hold(s) {
			return s, nil
		}
		_ = s.Close() // the server is closing
	}
}

// stream is one connection. It gives pion whole messages one by one: what is no message,
// or one that is too long, ends it.
type stream struct {
	server *Server
	net.Conn
	tls    *tls.Conn // nil when it is TCP
	flow   flow
	opened time.Time
	once   sync.Once

	// Of the one goroutine that reads.
	shaken   bool
	messages int
	buf      [2 * mtu]byte
	from, to int // what is unread of buf
}

var errNoMessage = errors.New("turn: what came is no message of STUN or TURN")

// Read gives one message, which b has room for.
func (s *stream) Read(b []byte) (int, error) {
	if err := s.shake(); err != nil {
		return 0, err
	}
	partial := s.to > s.from
	s.wait(partial)
	for {
		n := frame(s.buf[s.from:s.to])
		if n < 0 || n > len(b) {
			s.server.counts.droppedGarbage.Add(1)
			return 0, errNoMessage
		}
		n = (n + 3) &^ 3 // ChannelData is padded in a stream (RFC 8656 §12.5)
		if n > 0 && s.to-s.from >= n {
			copy(b, s.buf[s.from:s.from+n])
			s.from += n
			return n, s.admit()
		}
		if s.from > 0 {
			s.to = copy(s.buf[:], s.buf[s.from:s.to])
			s.from = 0
		}
		read, err := s.Conn.Read(s.buf[s.to:])
		if err != nil {
			return 0, err
		}
		s.to += read
		if !partial && read > 0 {
			partial = true
			s.wait(true)
		}
	}
}

// shake does the handshake of TLS, once.
func (s *stream) shake() error {
	if s.tls == nil || s.shaken {
		return nil
	}
	s.shaken = true
	ctx, cancel := context.WithTimeout(context.Background(), s.server.config.patience.handshake)
	defer cancel()
	return s.tls.HandshakeContext(ctx)
}

// wait bounds how long the next message, or the rest of one, may take.
func (s *stream) wait(partial bool) {
	now := time.Now()
	until := time.Time{} // the allocation's end is the connection's
	switch {
	case partial:
		until = now.Add(s.server.config.patience.half)
	case s.server.client(s.flow) == nil:
		until = now.Add(s.server.config.patience.idle)
		if end := s.opened.Add(s.server.config.patience.unused); end.Before(until) {
			until = end
		}
	}
	_ = s.SetReadDeadline(until) // it fails where reading does
}

// admit counts a message of one who has no allocation.
func (s *stream) admit() error {
	if s.server.client(s.flow) != nil {
		return nil
	}
	if s.messages++; s.messages > mostStrange {
		s.server.counts.droppedStrangers.Add(1)
		return errNoMessage
	}
	return nil
}

// Write sends a message to the client; one that does not receive it is gone.
func (s *stream) Write(b []byte) (int, error) {
	out := b
	if right := corrected(b); right != nil {
		out = right
	}
	_ = s.SetWriteDeadline(time.Now().Add(s.server.config.patience.slow)) // it fails where writing does
	if _, err := s.Conn.Write(out); err != nil {
		return 0, errors.Join(err, s.Close())
	}
	return len(b), nil
}

// Close ends the connection, once.
func (s *stream) Close() (err error) {
	s.once.Do(func() {
		err = s.Conn.Close()
		s.server.gate.leave(s.flow.src.Addr())
		s.server.drop(s)
	})
	return err
}
