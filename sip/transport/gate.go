package transport

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/internal/origin"
)

// gate counts accepted connections, in all and by address, and refuses those
// over a limit, and who may not connect.
type gate struct {
	total, perIP int
	admits       func(netip.Addr) bool

	mu    sync.Mutex
	open  int
	byIP  map[netip.Prefix]int // by origin.Of
	drops atomic.Uint64
}

func newGate(total, perIP int, admits func(netip.Addr) bool) *gate {
	return &gate{total: total, perIP: perIP, admits: admits, byIP: make(map[netip.Prefix]int)}
}

func (g *gate) enter(a netip.Addr) bool {
	if !g.admits(a) {
		return false
	}
	ip := origin.Of(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= g.total || g.byIP[ip] >= g.perIP {
		g.drops.Add(1)
		return false
	}
	g.open++
	g.byIP[ip]++
	return true
}

func (g *gate) leave(a netip.Addr) {
	ip := origin.Of(a)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.byIP[ip]--; g.byIP[ip] == 0 {
		delete(g.byIP, ip)
	}
}

// gatedListener accepts until it is closed: an accept error, such as no file
// descriptor left, is waited out with growing pauses. One spare descriptor is
// kept for that case, so that waiting clients are closed instead of left hanging.
type gatedListener struct {
	net.Listener
	gate *gate
	note func(error) // told of accept errors

	once   sync.Once
	closed chan struct{}
	spare  *os.File // touched by the accepting goroutine only
}

func newGatedListener(l net.Listener, g *gate, note func(error)) *gatedListener {
	gl := &gatedListener{Listener: l, gate: g, note: note, closed: make(chan struct{})}
	gl.keepSpare()
	return gl
}

func (l *gatedListener) keepSpare() {
	f, err := os.Open(os.DevNull)
	if err != nil {
		l.note(err) // served without a spare: clients then wait for the next pause
		return
	}
	l.spare = f
}

func (l *gatedListener) dropSpare() {
	if l.spare == nil {
		return
	}
	if err := l.spare.Close(); err != nil {
		l.note(err)
	}
	l.spare = nil
}

// Accept gives the next connection within the limits. Its only error is
// net.ErrClosed.
func (l *gatedListener) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			if ip := addrPort(c.RemoteAddr()).Addr(); l.gate.enter(ip) {
				return &gatedConn{Conn: c, leave: sync.OnceFunc(func() { l.gate.leave(ip) })}, nil
			}
			l.shed(c)
			continue
		case errors.Is(err, net.ErrClosed):
			l.dropSpare()
			return nil, net.ErrClosed
		}
		l.note(err)
		l.shedOne()
		select {
		case <-l.closed:
			l.dropSpare()
			return nil, net.ErrClosed
		case <-time.After(pause):
		}
		pause = min(2*pause, mostPause)
	}
}

// shedOne gives the spare descriptor up for a moment, to accept one waiting
// client and close it.
func (l *gatedListener) shedOne() {
	if l.spare == nil {
		l.keepSpare()
		return
	}
	l.dropSpare()
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		if err := d.SetDeadline(time.Now().Add(time.Millisecond)); err == nil {
			if c, err := l.Listener.Accept(); err == nil {
				l.shed(c)
			}
			if err := d.SetDeadline(time.Time{}); err != nil {
				l.note(err)
			}
		}
	}
	l.keepSpare()
}

func (l *gatedListener) shed(c net.Conn) {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		l.note(err)
	}
}

// Close ends Accept and frees the port.
func (l *gatedListener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// gatedConn leaves its gate when it is closed.
type gatedConn struct {
	net.Conn
	leave func()
}

// CloseWrite ends our half, where the connection has halves.
func (c *gatedConn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return nil
}

func (c *gatedConn) Close() error {
	err := c.Conn.Close()
	c.leave()
	return err
}
