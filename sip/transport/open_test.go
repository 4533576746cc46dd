package transport_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

func start(t *testing.T, cfg sip.Config, h sip.Handler) *sip.Server {
	t.Helper()
	s, err := sip.NewServer(cfg, h, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOccupiedPort(t *testing.T) {
	taken := start(t, siptest.Config("udp", "tcp", "ws"), siptest.Polite{})
	defer taken.Close(t.Context())
	for _, network := range []string{"udp", "tcp", "ws"} {
		cfg := siptest.Config("udp", "tcp")
		cfg.Transport.Listeners = append(cfg.Transport.Listeners, transport.Listener{Network: network, Address: taken.Addr(network).String()})
		s, err := sip.NewServer(cfg, siptest.Polite{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Start(t.Context())
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), network+" "+taken.Addr(network).String()) {
			t.Errorf("%s: %v", network, err)
		}
		// What it had opened is free again.
		if l, err := net.Listen("tcp", s.Addr("tcp").String()); err != nil {
			t.Error(err)
		} else {
			l.Close()
		}
	}
}

// TestFileDescriptorsRunOut runs a server with 64 descriptors in a process of its
// own: while they are gone new clients are refused, and later it serves again.
func TestFileDescriptorsRunOut(t *testing.T) {
	if os.Getenv("SIP_TEST_FEW_FILES") == "" {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(exe, "-test.run=^TestFileDescriptorsRunOut$", "-test.v")
		cmd.Env = append(os.Environ(), "SIP_TEST_FEW_FILES=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	s := start(t, siptest.Config("tcp", "ws"), siptest.Polite{})
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip("no setrlimit: ", err)
	}
	for _, network := range []string{"tcp", "ws"} {
		var open []net.Conn
		for {
			c, err := net.Dial("tcp", s.Addr(network).String())
			if err != nil {
				if !errors.Is(err, syscall.EMFILE) {
					t.Fatal(err)
				}
				break // both ends are ours: the descriptors are gone
			}
			open = append(open, c)
		}
		if len(open) < 10 {
			t.Fatalf("only %d connections", len(open))
		}
		for _, c := range open {
			c.Close()
		}
	}
	deadline := time.Now().Add(siptest.Patience)
	for served := false; !served; {
		c, err := net.Dial("tcp", s.Addr("tcp").String())
		if err != nil {
			continue // the server still holds some that were closed
		}
		call := fmt.Sprintf("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=%s\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			siptest.ID("z9hG4bK"), siptest.ID("c"))
		buf := make([]byte, 100)
		if _, err := c.Write([]byte(call)); err == nil {
			_ = c.SetReadDeadline(time.Now().Add(time.Second)) // else the read fails
			n, _ := c.Read(buf)
			served = strings.HasPrefix(string(buf[:n]), "SIP/2.0 200")
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("SIP over TCP is dead")
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
