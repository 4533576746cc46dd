package webrtc

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// alone runs f on a machine that has no network but loopback.
func alone(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() { // ends with f, which the test awaits
		// The thread is never unlocked, so that it ends with its network.
		runtime.LockOSThread()
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		defer close(done)
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
			return
		}
		f()
	}()
	switch err := <-done; {
	case errors.Is(err, syscall.EPERM):
		t.Skip("a network of one's own is not permitted here")
	case err != nil:
		t.Fatal(err)
	}
}

// Without a network the server starts all the same, for browsers beside it.
func TestOffline(t *testing.T) {
	alone(t, func() {
		var text bytes.Buffer
		config := Default()
		config.Listen = "0.0.0.0:0"
		a, err := New(config, all, slog.New(slog.NewTextHandler(&text, nil)))
		if err != nil {
			t.Error(err)
			return
		}
		if !a.loopback || strings.Count(text.String(), "level=WARN") != 1 {
			t.Errorf("loopback %v, log:\n%s", a.loopback, &text)
		}
		at := a.sockets.UDP.GetListenAddresses()
		if len(at) != 1 || !at[0].(*net.UDPAddr).IP.IsLoopback() {
			t.Errorf("listens on %v", at)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}
