// Package audiosocket carries a channel's audio to a TCP server and back, as Asterisk's
// AudioSocket does: 20 ms of 16-bit samples at 8 kHz in each message, what the party says one
// way and what it is to hear the other.
//
// What the server sends is heard at the pace of a call: one that sends a whole announcement at
// once is held back by TCP.
//
// Goroutines: two per Session while it runs, which Run ends and waits for.
package audiosocket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	wire "github.com/skygenesisenterprise/skybridge/media/audiosocket"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Config is what sessions are made with.
type Config struct {
	// Connect is how long a server may take to accept a connection, Stall how long it may
	// leave what is sent to it unread.
	Connect, Stall time.Duration
	// Buffer is how much audio of the server's waits to be heard before it is held back.
	Buffer time.Duration
	// Delay is how much of it is collected before it is heard: what comes later than that is
	// a gap.
	Delay time.Duration
}

// Default is Asterisk's patience, and what servers on a network of some distance need.
func Default() Config {
	return Config{Connect: 2 * time.Second, Stall: 10 * time.Second, Buffer: 400 * time.Millisecond, Delay: 60 * time.Millisecond}
}

// Validate reports the first setting that cannot be; the error is of kind fault.Invalid.
func (c Config) Validate() error {
	switch {
	case c.Connect <= 0 || c.Stall <= 0:
		return fault.New(fault.Invalid, "audiosocket: a server has no time (%v, %v)", c.Connect, c.Stall)
	case c.Delay <= 0 || c.Buffer < 2*c.Delay || c.Buffer > mixer.MaxTapBuffer:
		return fault.New(fault.Invalid, "audiosocket: a buffer of %v for a delay of %v", c.Buffer, c.Delay)
	}
	return nil
}

// sampleRate is of what is sent, Hz; the server may send at others.
const sampleRate = 8000

// Session is one connection.
type Session struct {
	cfg  Config
	conn net.Conn

	write sync.Mutex // of conn
	out   []byte
	lost  atomic.Uint64
}

// Dial connects to a server, host:port, and tells it the call's id. The error is of kind
// fault.Unreachable, or that of ctx.
func Dial(ctx context.Context, cfg Config, address string, id uuid.UUID) (*Session, error) {
	limit, cancel := context.WithTimeout(ctx, cfg.Connect)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(limit, "tcp", address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fault.New(fault.Unreachable, "audiosocket: %w", err)
	}
	s := &Session{cfg: cfg, conn: conn}
	if err := s.Send(wire.Message{Kind: wire.ID, Payload: id[:]}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// Send sends a message. It is safe for several goroutines.
func (s *Session) Send(m wire.Message) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.out = m.Append(s.out[:0])
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.cfg.Stall)); err != nil {
		return err
	}
	if _, err := s.conn.Write(s.out); err != nil {
		return fault.New(fault.Unreachable, "audiosocket: %w", err)
	}
	return nil
}

// Close ends a Session that was not Run.
func (s *Session) Close() error { return s.conn.Close() }

// SendDigit tells the server a digit that the party has pressed.
func (s *Session) SendDigit(digit byte) error {
	return s.Send(wire.Message{Kind: wire.DTMF, Payload: []byte{digit}})
}

// Run carries the channel's audio until the server ends it, which gives nil, or something
// fails, or ctx ends, of which the server is told. The connection is closed then. The error is
// that of ctx, or of kind fault.Unreachable (the connection), fault.Invalid (what came) or as
// for signaling.Channel.Tap. Digits that the server sends go to the party.
func (s *Session) Run(ctx context.Context, c *signaling.Channel) error {
	tap, err := c.Tap(ctx, mixer.TapConfig{In: true, SampleRate: sampleRate})
	if err != nil {
		return errors.Join(err, s.conn.Close())
	}
	defer tap.Close()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var both sync.WaitGroup
	run := func(what string, f func() error) {
		both.Add(1)
		go func() { // owned by Run, which waits for it
			defer both.Done()
			defer guard.Recover(c.Log(), what, func() { cancel(errBroken) })
			if err := f(); err != nil {
				cancel(err)
			}
		}()
	}
	run("audio from a server", func() error { return s.receive(inner, c) })
	run("audio for a server", func() error { return s.speak(inner, tap) })
	<-inner.Done()
	err = context.Cause(inner)
	if ctx.Err() != nil {
		// A server that reads nothing keeps nobody. Its error is none: the connection ends.
		late := time.AfterFunc(farewell, func() { _ = s.conn.Close() })
		_ = s.Send(wire.Message{Kind: wire.Hangup})
		late.Stop()
	}
	if cerr := s.conn.Close(); cerr != nil && err == nil {
		err = cerr
	}
	both.Wait()
	if lost := s.lost.Load(); lost > 0 {
		c.Log().Warn("audio socket: the server is too slow, what it was to hear has gaps", "lost", time.Duration(lost)*frame)
	}
	if errors.Is(err, errHungUp) {
		return nil
	}
	return err
}

var (
	errHungUp = errors.New("audiosocket: the server has hung up")
	errBroken = fault.New(fault.Internal, "audiosocket: a session broke")
)

const (
	frame = 20 * time.Millisecond
	// farewell is how long a server has to take the news that the call has ended.
	farewell = 500 * time.Millisecond
)

// speak sends what the party says. A server that has closed the connection may have said
// more before, its hangup for one: that is for receive to find.
func (s *Session) speak(ctx context.Context, tap *mixer.Tap) error {
	defer func() { s.lost.Store(tap.Stats().Lost) }()
	var b mixer.TapBlock
	var payload []byte
	for {
		err := tap.Read(ctx, &b)
		switch {
		case errors.Is(err, io.EOF):
			return fault.New(fault.Gone, "audiosocket: the channel's audio has ended")
		case err != nil:
			return err
		}
		payload = wire.AppendPCM(payload[:0], b.Said)
		switch err := s.Send(wire.Message{Kind: wire.Audio, Payload: payload}); {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case err != nil:
			return nil //nolint:nilerr // receive tells how it ends
		}
	}
}

// receive takes what the server sends.
func (s *Session) receive(ctx context.Context, c *signaling.Channel) error {
	from := wire.NewReader(bufio.NewReader(s.conn))
	var to *mixer.Injection
	defer func() {
		if to != nil {
			to.Close()
		}
	}()
	rate, strange := 0, false
	var pcm []int16
	for {
		m, err := from.Next()
		switch {
		case errors.Is(err, io.EOF):
			return fault.New(fault.Unreachable, "audiosocket: the server has closed the connection")
		case err != nil && fault.Of(err) == fault.Invalid:
			return err
		case err != nil:
			return fault.New(fault.Unreachable, "audiosocket: %w", err)
		}
		hz, audio := m.Kind.SampleRate()
		switch {
		case audio:
			if hz != rate {
				if to != nil {
					to.Close()
				}
				if to, err = c.Inject(ctx, mixer.InjectConfig{Out: true, SampleRate: hz, Buffer: s.cfg.Buffer, Delay: s.cfg.Delay}); err != nil {
					return fmt.Errorf("audiosocket: %s cannot be heard: %w", m.Kind, err)
				}
				rate = hz
			}
			pcm = wire.PCM(pcm[:0], m.Payload)
			if err := to.Write(ctx, pcm); err != nil {
				return err
			}
		case m.Kind == wire.Hangup:
			if to != nil {
				if err := to.Drain(ctx); err != nil {
					return err
				}
			}
			return errHungUp
		case m.Kind == wire.Error:
			return fault.New(fault.Unreachable, "audiosocket: the server says: %s", m.Reason())
		case m.Kind == wire.DTMF:
			if err := c.SendDigits(ctx, string(m.Payload)); err != nil {
				c.Log().Warn("audio socket: a digit of the server's is not sent", "err", err)
			}
		case m.Kind != wire.ID && m.Kind != wire.Silence && !strange:
			strange = true
			c.Log().Warn("audio socket: the server sends what is not understood", "message", m.Kind.String())
		}
	}
}
