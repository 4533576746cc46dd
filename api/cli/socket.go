package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

const (
	socketTimeout = 10 * time.Second // to say a command, and to take its answer
	acceptPause   = 100 * time.Millisecond
	maxClients    = 16
)

// Socket serves a console on a unix socket: one command a connection, a line in,
// text out until the end.
type Socket struct {
	console  *Console
	log      *slog.Logger
	path     string
	lock     *os.File // held for as long as we serve
	listener *net.UnixListener
	ctx      context.Context //nolint:containedctx // the socket's life
	stop     context.CancelFunc
	running  sync.WaitGroup
	slots    chan struct{}
}

const (
	newSuffix  = ".new"  // of the socket until it is ready
	lockSuffix = ".lock" // of the file whose lock says that a server lives
	// maxPath is what a unix socket's address can hold (unix(7)).
	maxPath = 107 - len(newSuffix)
)

// Listen opens the socket. A stale one of a dead process is replaced; a live one
// is an error.
func Listen(path string, console *Console, log *slog.Logger) (*Socket, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("console socket %s: a path of %d bytes, at most %d", path, len(path), maxPath)
	}
	lock, err := lockFile(path + lockSuffix)
	if err != nil {
		return nil, fmt.Errorf("console socket %s: %w", path, err)
	}
	ln, err := listen(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("console socket %s: %w", path, err), lock.Close())
	}
	s := &Socket{
		console: console, log: log, path: path, lock: lock, listener: ln, slots: make(chan struct{}, maxClients),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.running.Add(1)
	go s.serve() // owned by s, ended by Close
	return s, nil
}

// lockFile takes a lock that ends with the process, however it ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the socket
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another server is running on the same data")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// listen makes the socket under another name and gives it its own once nobody else
// may use it.
func listen(path string) (*net.UnixListener, error) {
	fresh := path + newSuffix
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false) // it would unlink the old name
	err = os.Chmod(fresh, 0o600)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close(), os.Remove(fresh))
	}
	return ln, nil
}

func (s *Socket) serve() {
	defer s.running.Done()
	for {
		conn, err := s.listener.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // a lack of file descriptors passes
			s.log.Error("console connection not accepted", "err", err)
			select {
			case <-time.After(acceptPause):
				continue
			case <-s.ctx.Done():
				return
			}
		}
		select {
		case s.slots <- struct{}{}: // a full house makes the next one wait
			s.running.Add(1)
			go s.answer(conn) // owned by s, ended by Close at the latest
		case <-s.ctx.Done():
			conn.Close()
			return
		}
	}
}

func (s *Socket) answer(conn *net.UnixConn) {
	defer s.running.Done()
	defer func() { <-s.slots }()
	defer conn.Close()
	defer guard.Recover(s.log, "a console connection")
	stop := context.AfterFunc(s.ctx, func() { _ = conn.SetReadDeadline(time.Now()) }) // who says nothing
	defer stop()
	line, err := s.read(conn)
	if err != nil {
		s.log.Debug("console connection", "err", err)
		return
	}
	var answer bytes.Buffer
	if err := s.run(&answer, line); err != nil {
		s.log.Info("console command failed", "err", err)
		fmt.Fprintf(&answer, "Command failed: %v\n", err)
	}
	if err := conn.SetWriteDeadline(time.Now().Add(socketTimeout)); err == nil {
		_, err = answer.WriteTo(conn)
		if err != nil {
			s.log.Debug("console answer not sent", "err", err)
		}
	}
}

// read takes the one line of a connection. One that is too long is answered so.
func (s *Socket) read(conn *net.UnixConn) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(socketTimeout)); err != nil {
		return "", err
	}
	if s.ctx.Err() != nil { // the deadline above came after Close's
		return "", s.ctx.Err()
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxCommand+1)).ReadString('\n')
	if err != nil && len(line) > maxCommand {
		_, werr := fmt.Fprintf(conn, "Command too long, at most %d bytes\n", maxCommand)
		return "", errors.Join(fmt.Errorf("command of more than %d bytes", maxCommand), werr)
	}
	return line, err
}

// run answers a command; a panic in it is an error of it alone.
func (s *Socket) run(w io.Writer, line string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic in a console command", "err", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	return s.console.Run(s.ctx, w, line)
}

// Close ends the socket and waits for the commands under way.
func (s *Socket) Close() error {
	s.stop()
	err := os.Remove(s.path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	err = errors.Join(err, s.listener.Close())
	s.running.Wait()
	return errors.Join(err, s.lock.Close())
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

// Ask sends one command to a server's socket and copies its answer to w, until ctx
// ends. It fails with a *NotRunningError where no server listens.
func Ask(ctx context.Context, path, line string, w io.Writer) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return &NotRunningError{Socket: path, Err: err}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	line = strings.NewReplacer("\r", " ", "\n", " ").Replace(line) // one command
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return fmt.Errorf("send command: %w", cmp.Or(ctx.Err(), err))
	}
	if _, err := io.Copy(w, conn); err != nil {
		return fmt.Errorf("read answer: %w", cmp.Or(ctx.Err(), err))
	}
	return nil
}
