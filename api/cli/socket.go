package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

const (
	socketTimeout = 10 * time.Second
	maxClients    = 16
)

// Socket serves a console on a unix socket: one command a connection, a line in,
// text out until the end.
type Socket struct {
	console  *Console
	log      *slog.Logger
	listener *net.UnixListener
	ctx      context.Context //nolint:containedctx // the socket's life
	stop     context.CancelFunc
	running  sync.WaitGroup
	slots    chan struct{}
}

// Listen opens the socket. A stale one of a dead process is replaced; a live one
// is an error.
func Listen(path string, console *Console, log *slog.Logger) (*Socket, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		return nil, errors.Join(fmt.Errorf("another server answers on %s", path), conn.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("console socket: %w", err)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("console socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("console socket: %w", err), ln.Close())
	}
	s := &Socket{console: console, log: log, listener: ln, slots: make(chan struct{}, maxClients)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.running.Add(1)
	go s.serve() // owned by s, ended by Close
	return s, nil
}

func (s *Socket) serve() {
	defer s.running.Done()
	for {
		conn, err := s.listener.AcceptUnix()
		if err != nil {
			if s.ctx.Err() == nil {
				s.log.Error("console socket closed", "err", err)
			}
			return
		}
		s.slots <- struct{}{} // a full house makes the next one wait
		s.running.Add(1)
		go s.answer(conn) // owned by s, bounded by socketTimeout
	}
}

func (s *Socket) answer(conn *net.UnixConn) {
	defer s.running.Done()
	defer func() { <-s.slots }()
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic in a console command", "err", fmt.Sprint(r))
		}
	}()
	defer func() {
		if err := conn.Close(); err != nil {
			s.log.Debug("console connection", "err", err)
		}
	}()
	if err := conn.SetDeadline(time.Now().Add(socketTimeout)); err != nil {
		s.log.Debug("console connection", "err", err)
		return
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxCommand+1)).ReadString('\n')
	if err != nil {
		return // nobody there, or no line
	}
	if err := s.console.Run(s.ctx, conn, line); err != nil {
		s.log.Info("console command failed", "err", err)
	}
}

// Close ends the socket.
func (s *Socket) Close() error {
	s.stop()
	err := s.listener.Close() // unlinks the path
	s.running.Wait()
	return err
}

// NotRunningError is returned by Ask when no server listens.
type NotRunningError struct {
	Socket string
	Err    error
}

// Error names the socket.
func (e *NotRunningError) Error() string {
	return fmt.Sprintf("unable to connect to the server (does %s exist?): %v", e.Socket, e.Err)
}

// Unwrap gives the reason.
func (e *NotRunningError) Unwrap() error { return e.Err }

// Ask sends one command to a server's socket and copies its answer to w.
func Ask(ctx context.Context, path, line string, w io.Writer) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return &NotRunningError{Socket: path, Err: err}
	}
	defer func() { _ = conn.Close() }() // read to its end by then
	if _, err := fmt.Fprintf(conn, "%s\n", line); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	if _, err := io.Copy(w, conn); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}
