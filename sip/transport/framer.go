package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// errPanicked ends a connection: where its next message begins is not known.
var errPanicked = errors.New("panic while reading")

func (t *Layer) readStream(st *stream) {
	defer t.drop(st)
	f := framer{st: st, cutter: message.NewCutter(st.limits.MessageBytes), receive: func(m *message.Parsed, err error) { t.events.Receive(st, m, err) }}
	err := errPanicked
	t.events.Guard("connection", func() { err = f.run() })
	if errors.Is(err, message.ErrFraming) {
		st.goodbye()
	}
	if !quiet(err) {
		t.events.Quirk("read from "+st.src.Network, st.src.Remote, err)
	}
}

// framer cuts the messages out of a TCP or TLS connection (RFC 3261 §18.3).
type framer struct {
	st     *stream
	cutter *message.Cutter
	buf    []byte
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
			if err := f.st.Send([]byte("\r\n")); err != nil {
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
	m, size, err := f.cutter.Cut(f.buf)
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
