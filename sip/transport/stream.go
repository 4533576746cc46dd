package transport

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// stream is a flow over a connection: TCP, TLS or a WebSocket.
type stream struct {
	src    message.Source
	conn   net.Conn
	opened string // the host that we connected to; "" when the peer connected
	limits *Limits
	// aliases are the other addresses of the peer that lead here (RFC 5923); the
	// layer's lock guards them.
	aliases []netip.AddrPort
	pinged  atomic.Bool // the pong to our ping has not come

	// writeMessage sends one message in the connection's framing.
	writeMessage func([]byte) error
	wmu          sync.Mutex
	pinger       atomic.Pointer[time.Timer]
	once         sync.Once
	gone         chan struct{}
}

func newStream(src message.Source, conn net.Conn, limits *Limits) *stream {
	st := &stream{src: src, conn: conn, limits: limits, gone: make(chan struct{})}
	st.writeMessage = func(b []byte) error {
		_, err := conn.Write(b)
		return err
	}
	return st
}

func (st *stream) Source() message.Source { return st.src }
func (st *stream) Reliable() bool         { return true }
func (st *stream) To(netip.AddrPort) Flow { return st }

func (st *stream) Alive() bool {
	select {
	case <-st.gone:
		return false
	default:
		return true
	}
}

// send writes one message. A peer that does not take it in time loses the
// connection, so that others who write to it do not wait as well.
func (st *stream) Send(b []byte) error {
	st.wmu.Lock()
	defer st.wmu.Unlock()
	if !st.Alive() {
		return fault.New(fault.Unreachable, "sip: %s connection to %s is closed", st.src.Network, st.src.Remote)
	}
	err := st.conn.SetWriteDeadline(time.Now().Add(st.limits.WriteTimeout))
	if err == nil {
		err = st.writeMessage(b)
	}
	if err != nil {
		st.close()
		return fault.New(fault.Unreachable, "sip: send to %s %s: %w", st.src.Network, st.src.Remote, err)
	}
	return nil
}

// close ends the flow; the reader ends with it.
func (st *stream) close() {
	st.once.Do(func() {
		close(st.gone)
		if p := st.pinger.Load(); p != nil {
			p.Stop()
		}
		// The peer learns of it or has gone already: nobody is left to tell.
		_ = st.conn.Close()
	})
}

// keepPinging calls ping at each interval until the flow ends or a ping fails;
// the reader's deadline ends a peer that cannot be pinged.
func (st *stream) keepPinging(interval time.Duration, ping func() error) {
	st.pinger.Store(time.AfterFunc(interval, func() {
		if st.Alive() && ping() == nil {
			st.keepPinging(interval, ping)
		}
	}))
}

// goodbye ends our half and reads on for a moment: closing a socket with unread
// bytes in it would take back the last answer.
func (st *stream) goodbye() {
	h, ok := st.conn.(interface{ CloseWrite() error })
	if !ok || st.conn.SetReadDeadline(time.Now().Add(st.limits.MessageTimeout/10)) != nil {
		return
	}
	if h.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, st.conn, int64(st.limits.MessageBytes)) // whatever it was
	}
}
