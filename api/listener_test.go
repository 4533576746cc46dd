package api

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"
)

// starved is a listener that fails at first for want of file descriptors.
type starved struct {
	net.Listener
	fails int
}

func (s *starved) Accept() (net.Conn, error) {
	if s.fails--; s.fails >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return s.Listener.Accept()
}

func TestAnErrorOfAcceptPasses(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(&starved{inner, 3}, slog.New(slog.DiscardHandler))
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.cut(true)
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("a connection in store is not cut")
	}
	if err := errors.Join(client.Close(), l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the cut connection: %v", err)
	}
}

func TestCloseEndsTheWaitForFileDescriptors(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(&starved{inner, 1 << 30}, slog.New(slog.DiscardHandler))
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("still accepting")
	}
}

func TestARefusedRequestIsReadOnForAWhile(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(inner, slog.New(slog.DiscardHandler))
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	lingerOn(conn)
	closed := make(chan error)
	go func() {
		_, err := io.WriteString(conn, "no")
		closed <- errors.Join(err, conn.Close())
	}()
	if _, err := client.Write(make([]byte, 4<<20)); err != nil {
		t.Error(err)
	}
	if text, err := io.ReadAll(client); err != nil || string(text) != "no" {
		t.Errorf("the answer %q, %v", text, err)
	}
	if err := errors.Join(client.Close(), <-closed, l.Close()); err != nil {
		t.Error(err)
	}
}
