package webrtc

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"
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

// Behind a translator of addresses a server may have several of its own: at each of them it
// can be reached, as none can tell which the translator sends to.
func TestExternalIPOfSeveralAddresses(t *testing.T) {
	offer, err := os.ReadFile("testdata/answer/chromium-audio.sdp")
	if err != nil {
		t.Fatal(err)
	}
	alone(t, func() {
		for _, local := range []string{"203.0.113.1/24", "203.0.113.2/24"} {
			if out, err := exec.Command("ip", "address", "add", local, "dev", "lo").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
				return
			}
		}
		config := Default()
		config.Listen, config.ExternalIP = "0.0.0.0:0", []netip.Addr{netip.MustParseAddr("192.0.2.99")}
		a, err := New(config, all, testLog())
		if err != nil {
			t.Error(err)
			return
		}
		defer func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}()
		p, err := a.NewPeer(PeerConfig{})
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := p.Answer(context.Background(), string(offer), false)
		if err != nil {
			t.Error(err)
			return
		}
		if n := strings.Count(answer, " udp "); n != 1 || !strings.Contains(answer, " 192.0.2.99 ") || strings.Contains(answer, "203.0.113.") {
			t.Errorf("%d times in\n%s", n, answer)
		}
		ours, theirs := p.session.text.Agreed().Transport.Local, p.session.text.Agreed().Transport.Remote
		for _, local := range []string{"203.0.113.1", "203.0.113.2"} {
			if err := check(netip.AddrPortFrom(netip.MustParseAddr(local), a.Addr().Port()), ours.Ufrag+":"+theirs.Ufrag, ours.Pwd); err != nil {
				t.Errorf("%s: %v", local, err)
			}
		}
	})
}

// check sends a connectivity check and waits for the answer to it.
func check(to netip.AddrPort, username, pwd string) error {
	request, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(username), stun.NewShortTermIntegrity(pwd), stun.Fingerprint)
	if err != nil {
		return err
	}
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write(request.Raw); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	buf := make([]byte, 1500)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		m := &stun.Message{Raw: buf[:n]}
		if m.Decode() == nil && m.Type == stun.BindingSuccess && m.TransactionID == request.TransactionID {
			return nil
		}
	}
}
