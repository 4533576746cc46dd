package sip

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
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

func (st *stream) source() message.Source { return st.src }
func (st *stream) reliable() bool         { return true }

func (st *stream) alive() bool {
	select {
	case <-st.gone:
		return false
	default:
		return true
	}
}

// send writes one message. A peer that does not take it in time loses the
// connection, so that others who write to it do not wait as well.
func (st *stream) send(b []byte) error {
	st.wmu.Lock()
	defer st.wmu.Unlock()
	if !st.alive() {
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
		if st.alive() && ping() == nil {
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

// framer cuts the messages out of a TCP or TLS connection (RFC 3261 §18.3).
type framer struct {
	st  *stream
	buf []byte
	// receive takes one message, sound or not.
	receive func(*message.Parsed, error)
	spoken  bool // a message has been seen
	started bool // the clock of a message that is not whole runs
	crlf    int  // line ends between messages, for the ping of RFC 5626 §3.5.1
}

// run reads until the connection ends or cannot be framed any more.
func (f *framer) run() error {
	chunk := make([]byte, 4096)
	for {
		if err := f.setDeadline(); err != nil {
			return err
		}
		n, err := f.st.conn.Read(chunk)
		if n > 0 {
			f.buf = append(f.buf, chunk[:n]...)
			if err := f.drain(); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// setDeadline bounds the next read: between messages by the idle time, inside a
// message by what is left of that message's time.
func (f *framer) setDeadline() error {
	wait := f.st.limits.IdleTimeout
	switch {
	case len(f.buf) > 0:
		return nil // drain has set it with the message's first byte
	case !f.spoken:
		wait = f.st.limits.FirstMessageTimeout
	}
	return f.st.conn.SetReadDeadline(time.Now().Add(wait))
}

// drain takes every whole message off the buffer.
func (f *framer) drain() error {
	for {
		if err := f.skipLineEnds(); err != nil {
			return err
		}
		if len(f.buf) == 0 {
			f.buf = nil // an idle connection holds no buffer
			return nil
		}
		n, err := f.next()
		if err != nil || n == 0 {
			return err
		}
		f.buf = f.buf[n:]
	}
}

// skipLineEnds drops the line ends between messages and answers a double one
// with a single one.
func (f *framer) skipLineEnds() error {
	for len(f.buf) >= 2 && f.buf[0] == '\r' && f.buf[1] == '\n' {
		f.buf = f.buf[2:]
		if f.crlf++; f.crlf == 2 {
			f.crlf = 0
			if err := f.st.send([]byte("\r\n")); err != nil {
				return err
			}
		}
	}
	if len(f.buf) == 1 && f.buf[0] == '\r' || len(f.buf) == 0 {
		return nil
	}
	f.crlf = 0
	return nil
}

// next gives one message to receive and says how many bytes it had; 0 means
// that more must be read.
func (f *framer) next() (int, error) {
	m, size, err := message.Cut(f.buf, f.st.limits.MessageBytes)
	if errors.Is(err, message.ErrFraming) {
		if m != nil {
			f.receive(m, err)
		}
		return 0, err
	}
	if size == 0 {
		return 0, f.startMessage()
	}
	f.spoken = true
	f.receive(m, err)
	f.started = false
	return size, nil
}

// startMessage starts the clock of a message that is not whole yet.
func (f *framer) startMessage() error {
	if f.started {
		return nil
	}
	f.started = true
	return f.st.conn.SetReadDeadline(time.Now().Add(f.st.limits.MessageTimeout))
}

// quiet reports whether a read error is the ordinary end of a connection.
func quiet(err error) bool {
	return err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
}
