package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// listener accepts for the HTTP server. fasthttp ends for good at an error of
// accept; this one waits and tries again, since a lack of file descriptors passes.
// It also knows its connections, so that Shutdown can end all of them.
type listener struct {
	net.Listener
	log    *slog.Logger
	closed chan struct{}
	once   sync.Once
	err    error

	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is one of a listener's.
type connection struct {
	net.Conn
	home    *listener
	used    atomic.Bool // something was read from it
	lingers atomic.Bool
}

const (
	longestPause = time.Second
	// What is still read of a request that was refused before its end.
	lingerTime  = 2 * time.Second
	lingerBytes = 16 << 20
)

func newListener(ln net.Listener, log *slog.Logger) *listener {
	return &listener{Listener: ln, log: log, closed: make(chan struct{}), open: make(map[*connection]struct{})}
}

// Accept waits for the next connection; it fails only once the listener is closed.
func (l *listener) Accept() (net.Conn, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, longestPause) {
		conn, err := l.Listener.Accept()
		if err == nil {
			return l.keep(conn), nil
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		l.log.Error("no connection could be accepted", "err", err)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

func (l *listener) keep(conn net.Conn) *connection {
	c := &connection{Conn: conn, home: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = struct{}{}
	return c
}

// Read notes that the connection is in use.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.used.Load() {
		c.used.Store(true)
	}
	return n, err
}

// Close ends the connection.
func (c *connection) Close() error {
	if c.lingers.Swap(false) {
		c.linger()
	}
	c.home.mu.Lock()
	delete(c.home.open, c)
	c.home.mu.Unlock()
	return c.Conn.Close()
}

// linger reads on for a while after the answer. A connection that is closed with
// something unread is reset, and the client, still sending, would lose the answer.
func (c *connection) linger() {
	if tcp, ok := c.Conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		return
	}
	if err := c.SetReadDeadline(time.Now().Add(lingerTime)); err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // an error ends it as well
}

// lingerOn makes a connection of ours, TLS or not, linger when it is closed.
func lingerOn(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(*connection); ok {
		c.lingers.Store(true)
	}
}

// Close stops accepting; it may be called again.
func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.err = l.Listener.Close()
	})
	return l.err
}

// cut closes the connections that are left, or of those the ones that have never
// been used: browsers keep such in store.
func (l *listener) cut(unused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		if unused && c.used.Load() {
			continue
		}
		delete(l.open, c)
		if err := c.Conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			l.log.Debug("connection not closed", "peer", c.RemoteAddr(), "err", err)
		}
	}
}

// serverLog is what the HTTP library says of itself: connections that broke.
type serverLog struct{ log *slog.Logger }

// Printf implements fasthttp.Logger.
func (l serverLog) Printf(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("http", "err", fmt.Sprintf(format, args...))
	}
}
