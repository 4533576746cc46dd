package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/api/cli"
)

func listen(t *testing.T, c *cli.Console) (path string, s *cli.Socket) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x.ctl")
	s, err := cli.Listen(path, c, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, fs.ErrClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return path, s
}

func ask(t *testing.T, path, line string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	err := cli.Ask(ctx, path, line, &out)
	return out.String(), err
}

func TestTheSocketAnswers(t *testing.T) {
	r := newRig(t)
	path, _ := listen(t, r.Console)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for range 3 {
		if got, err := ask(t, path, "core show version"); err != nil || got != "Skybridge 1.2.3\n" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if got, err := ask(t, path, "core show\nversion"); err != nil || got != "Skybridge 1.2.3\n" { // still one command
		t.Errorf("%q, %v", got, err)
	}
	if got, err := ask(t, path, ""); err != nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestASecondServerIsRefused(t *testing.T) {
	r := newRig(t)
	path, s := listen(t, r.Console)
	if _, err := cli.Listen(path, r.Console, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Fatalf("a second one: %v", err)
	}
	if got, err := ask(t, path, "core show version"); err != nil || got == "" {
		t.Errorf("the first one is gone: %v", err)
	}
	must(t, s.Close())
	var down *cli.NotRunningError
	if _, err := ask(t, path, "core show version"); !errors.As(err, &down) || down.Socket != path {
		t.Errorf("after the end: %v", err)
	}
	again, err := cli.Listen(path, r.Console, slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, again.Close())
}

// A process that was killed leaves its socket.
func TestAStaleSocketIsReplaced(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(t.TempDir(), "x.ctl")
	for _, name := range []string{path, path + ".new"} {
		ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		must(t, err)
		ln.SetUnlinkOnClose(false)
		must(t, ln.Close())
	}
	s, err := cli.Listen(path, r.Console, slog.New(slog.DiscardHandler))
	must(t, err)
	if got, err := ask(t, path, "core show version"); err != nil || got == "" {
		t.Error(err)
	}
	must(t, s.Close())
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestWhereNoSocketCanBe(t *testing.T) {
	r := newRig(t)
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 108))
	for path, want := range map[string]string{long: "at most", filepath.Join(t.TempDir(), "no", "x.ctl"): "no such file"} {
		s, err := cli.Listen(path, r.Console, slog.New(slog.DiscardHandler))
		if err == nil {
			must(t, s.Close())
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v", err)
		}
	}
}

// Clients that say nothing cost a place until the time is up, and never hold up the
// end; a line that is too long is answered so; a panic is that command's alone.
func TestBadClients(t *testing.T) {
	r := newRig(t)
	path, s := listen(t, r.Console)
	r.LastReload = func() time.Time { panic("nothing to reload") }
	if got, err := ask(t, path, "core show uptime"); err != nil || !strings.Contains(got, "internal error") {
		t.Errorf("a panic: %q, %v", got, err)
	}
	for _, n := range []int{1024, 1025, 1 << 20} {
		conn, err := net.Dial("unix", path)
		must(t, err)
		line := "core show version" + strings.Repeat(" ", n-len("core show version")) + "\n"
		_, werr := io.WriteString(conn, line)
		got, rerr := io.ReadAll(conn)
		want := "Command too long, at most 1024 bytes\n"
		if n == 1024 {
			want = "Skybridge 1.2.3\n"
		}
		if string(got) != want {
			t.Errorf("a line of %d: %q, %v, %v", n, got, werr, rerr)
		}
		must(t, conn.Close())
	}
	var silent []net.Conn
	for range 20 { // more than there are places
		conn, err := net.Dial("unix", path)
		must(t, err)
		silent = append(silent, conn)
	}
	_, err := io.WriteString(silent[0], "core show ver")
	must(t, err)
	begin := time.Now()
	must(t, s.Close())
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
	for i, conn := range silent {
		must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d is still open", i)
		}
		must(t, conn.Close())
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ctl")
	ln, err := net.Listen("unix", path)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- cli.Ask(ctx, path, "core show version", io.Discard) }()
	conn, err := ln.Accept() // and nothing more
	must(t, err)
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("still waiting")
	}
	must(t, errors.Join(conn.Close(), ln.Close()))
}
