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
	if t.cfg.KeepAlive > 0 {
		st.keepPinging(t.cfg.KeepAlive, st.ping)
	}
	receive := func(m *message.Parsed, err error) {
		if err == nil {
			t.alias(st, m)
		}
		t.events.Receive(st, m, err)
	}
	f := framer{st: st, cutter: message.NewCutter(st.limits.MessageBytes), receive: receive, screen: t.cfg.Screen}
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
	screen  Screen
	passed  bool // the screen has let the message in the buffer in
	spoken  bool // a message has been seen
	// first is when the first message must have been seen: line ends put it off no further.
	first   time.Time
	started bool // the clock of a message that is not whole runs
	crlf    int  // line ends between messages, for the ping of RFC 5626 §3.5.1
}

// run reads until the connection ends or cannot be framed any more.
func (f *framer) run() error {
	chunk := make([]byte, 4096)
	f.first = time.Now().Add(f.st.limits.FirstMessageTimeout)
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

// setDeadline bounds the next read: before the first message by what is left of the time
// for it, between messages by the idle time, inside a message by what is left of that
// message's time, see startMessage.
func (f *framer) setDeadline() error {
	switch {
	case len(f.buf) > 0:
		return nil // drain has set it with the message's first byte
	case !f.spoken:
		return f.st.conn.SetReadDeadline(f.first)
	}
	return f.st.conn.SetReadDeadline(time.Now().Add(f.st.limits.IdleTimeout))
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
		if len(f.buf) == 1 && f.buf[0] == '\r' { // half a line end, most likely
			return f.startMessage()
		}
		if !f.passed {
			if err := f.st.await(f.screen); err != nil {
				return err
			}
			f.passed = true
		}
		n, err := f.next()
		if err != nil || n == 0 {
			return err
		}
		f.buf, f.passed = f.buf[n:], false
	}
}

// skipLineEnds drops the line ends between messages and answers a double one
// with a single one.
func (f *framer) skipLineEnds() error {
	for len(f.buf) >= 2 && f.buf[0] == '\r' && f.buf[1] == '\n' {
		f.buf, f.started = f.buf[2:], false // what follows has its own time
		if f.crlf++; f.crlf == 2 {
			f.crlf = 0
			if err := f.st.Send([]byte("\r\n")); err != nil {
				return err
			}
		}
	}
	if len(f.buf) == 1 && f.buf[0] == '\r' || len(f.buf) == 0 {
		if f.crlf == 1 && len(f.buf) == 0 && f.st.pinged.Swap(false) {
			f.crlf = 0 // the pong to a ping of ours
		}
		return nil
	}
	f.crlf = 0
	return nil
}

// ping keeps the way of a connection open (RFC 5626 §4.4.1). One that takes nothing is
// closed by Send.
func (st *stream) ping() error {
	st.pinged.Store(true)
	return st.Send([]byte("\r\n\r\n"))
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

// startMessage starts the clock of a message that is not whole yet. The first one's ends no
// later than the time for it: what begins may be half a line end.
func (f *framer) startMessage() error {
	if f.started {
		return nil
	}
	f.started = true
	end := time.Now().Add(f.st.limits.MessageTimeout)
	if !f.spoken && f.first.Before(end) {
		end = f.first
	}
	return f.st.conn.SetReadDeadline(end)
}

// errBanned ends the connection of who is not listened to.
var errBanned = errors.New("not listened to")

// await waits until a message of the peer's may be read.
func (st *stream) await(s Screen) error {
	for {
		wait := s.Message(st.src.Remote.Addr(), true)
		switch {
		case wait == 0:
			return nil
		case wait < 0:
			return errBanned
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-st.gone:
			timer.Stop()
			return net.ErrClosed
		}
	}
}

// quiet reports whether a read error is the ordinary end of a connection.
func quiet(err error) bool {
	return err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, errBanned) || errors.Is(err, syscall.ECONNRESET)
}
