// Package badinput_test holds the server against what it must refuse: broken
// files, occupied ports, malformed SIP and JSON. Descriptions that are no SDP are
// with the phones, in e2e/phones.
package badinput_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// run runs the binary to its end, a minute at most, and gives its exit code and output.
func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	binary := server.Binary(t) // built first: that takes as long as it takes
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, string(out)
	case errors.As(err, &exit):
		return exit.ExitCode(), string(out)
	default:
		t.Fatal(err)
		return 0, ""
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExitCodesNameWhatIsWrong(t *testing.T) {
	settings := write(t, "skybridge.yaml", "sip:\n  listen: 127.0.0.1:0\n  lissen: x\n")
	conf := write(t, "pjsip.conf", "[global]\ntype = global\n\nthis is no setting\n[broken\n")
	free := []string{"--set", "sip.listen=127.0.0.1:0", "--set", "sip.tls_listen=off", "--set", "api.listen=127.0.0.1:0", "--set", "ari.listen=off",
		"--set", "ari.tls_listen=off", "--set", "webrtc.listen=127.0.0.1:0", "--set", "turn.listen=off", "--set", "turn.tls_listen=off", "--set", "media.workers=1"}
	for name, tc := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"unknown setting": {[]string{"serve", "--config", settings}, 78, []string{settings + ":3", "lissen"}},
		"missing file":    {[]string{"serve", "--config", "/nowhere.yaml"}, 78, []string{"/nowhere.yaml"}},
		"bad flag value":  {[]string{"serve", "--set", "sip.listen=nowhere"}, 78, []string{"sip.listen"}},
		"broken Asterisk file": {
			append([]string{"serve", "--asterisk-dir", filepath.Dir(conf), "--data-dir", t.TempDir()}, free...), 78,
			[]string{conf + ":5: "},
		},
		"missing directory": {
			append([]string{"serve", "--asterisk-dir", "/nowhere", "--data-dir", t.TempDir()}, free...), 78, []string{"/nowhere"},
		},
		"another's address": {
			append(append([]string{"serve", "--data-dir", t.TempDir()}, free...), "--set", "sip.listen=203.0.113.254:5060"), 78,
			[]string{"sip: listen on udp 203.0.113.254:5060: bind: "},
		},
		"unknown command": {[]string{"server"}, 2, []string{"server"}},
		"unknown flag":    {[]string{"serve", "--loud"}, 2, []string{"--loud"}},
		"nobody listens":  {[]string{"rx", "core show channels", "--data-dir", t.TempDir()}, 1, []string{"unable to connect"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out := run(t, tc.args...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d\n%s", code, tc.code, out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("output lacks %q:\n%s", want, out)
				}
			}
		})
	}
}

// A port that somebody has ends the start with 69, and the message names it.
func TestAnOccupiedPortIsNamed(t *testing.T) {
	for _, tc := range []struct{ network, setting string }{
		{"udp", "sip.listen"},
		{"tcp", "sip.listen"},
		{"tcp", "sip.tls_listen"},
		{"tcp", "ari.listen"},
		{"tcp", "ari.tls_listen"},
		{"udp", "webrtc.listen"},
		{"tcp", "webrtc.listen"},
		{"udp", "turn.listen"},
		{"tcp", "turn.listen"},
		{"tcp", "turn.tls_listen"},
		{"tcp", "api.listen"},
	} {
		t.Run(tc.setting+" by "+tc.network, func(t *testing.T) {
			address := taken(t, tc.network)
			args := []string{"serve", "--data-dir", t.TempDir(), "--set", "media.workers=1"}
			for _, setting := range []string{"sip.listen", "sip.tls_listen", "ari.listen", "ari.tls_listen", "webrtc.listen", "turn.listen", "turn.tls_listen", "api.listen"} {
				value := "127.0.0.1:0"
				if setting == tc.setting {
					value = address
				}
				args = append(args, "--set", setting+"="+value)
			}
			code, out := run(t, args...)
			if code != 69 || !strings.Contains(out, address) || !strings.Contains(out, "address already in use") {
				t.Errorf("exit code %d, want 69 and %s named\n%s", code, address, out)
			}
		})
	}
}

// taken occupies a port until the test ends.
func taken(t *testing.T, network string) string {
	t.Helper()
	var port io.Closer
	var address net.Addr
	if network == "udp" {
		conn, err := net.ListenPacket(network, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port, address = conn, conn.LocalAddr()
	} else {
		listener, err := net.Listen(network, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port, address = listener, listener.Addr()
	}
	t.Cleanup(func() {
		if err := port.Close(); err != nil {
			t.Error(err)
		}
	})
	return address.String()
}

func TestABadReloadLeavesTheRunningSettingsAlone(t *testing.T) {
	s := server.Start(t, server.Config{Files: map[string]string{
		"pjsip.conf":      "[1001]\ntype = endpoint\ncontext = internal\nallow = ulaw\n",
		"extensions.conf": "[internal]\nexten => 600,1,Echo()\n",
	}})
	file := filepath.Join(s.Dir, "conf", "pjsip.conf")
	if err := os.WriteFile(file, []byte("[1002]\ntype = endpoint\n[broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := s.RX(t, "core reload"); !strings.Contains(out, "pjsip.conf:3") {
		t.Errorf("reload of a broken file: %s", out)
	}
	if out := s.RX(t, "pjsip show endpoints"); !strings.Contains(out, "1001") || strings.Contains(out, "1002") {
		t.Errorf("the old endpoints are gone:\n%s", out)
	}
	good := "[1002]\ntype = endpoint\ncontext = internal\nallow = ulaw\n"
	if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := s.RX(t, "core reload"); !strings.Contains(out, "reloaded") {
		t.Errorf("reload: %s", out)
	}
	if out := s.RX(t, "pjsip show endpoints"); !strings.Contains(out, "1002") || strings.Contains(out, "1001") {
		t.Errorf("the new endpoints are not there:\n%s", out)
	}
}

func TestMalformedSIPIsAnsweredOrDroppedAndTheNextRequestServed(t *testing.T) {
	s := server.Start(t, server.Config{})
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", s.SIP))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	head := func(n int) string {
		return fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKbad%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=t%d\r\n"+
			"To: <sip:9000@127.0.0.1>\r\nCall-ID: bad%d\r\n", conn.LocalAddr(), n, n, n)
	}
	alive := func(n int) {
		t.Helper()
		msg := "OPTIONS sip:127.0.0.1 SIP/2.0\r\n" + head(n) + fmt.Sprintf("CSeq: %d OPTIONS\r\nContent-Length: 0\r\n\r\n", n)
		peer.Exchange(t, conn, msg, fmt.Sprintf("Call-ID: bad%d\r\n", n), "SIP/2.0 200")
	}
	alive(1)
	for i, tc := range []struct{ name, message, want string }{
		{"no CSeq", "OPTIONS sip:127.0.0.1 SIP/2.0\r\n" + head(100) + "\r\n", "SIP/2.0 400"},
		{"other version", "OPTIONS sip:127.0.0.1 SIP/7.0\r\n" + head(101) + "CSeq: 1 OPTIONS\r\n\r\n", "SIP/2.0 505"},
		{"CSeq of another method", "OPTIONS sip:127.0.0.1 SIP/2.0\r\n" + head(102) + "CSeq: 1 INVITE\r\n\r\n", "SIP/2.0 400"},
		{"unknown method", "DANCE sip:127.0.0.1 SIP/2.0\r\n" + head(103) + "CSeq: 1 DANCE\r\n\r\n", "SIP/2.0 501"},
		{"unknown extension required", "OPTIONS sip:127.0.0.1 SIP/2.0\r\n" + head(104) + "Require: nothing\r\nCSeq: 1 OPTIONS\r\n\r\n", "SIP/2.0 420"},
		{"no text", "\x00\x01\x02\x03", ""},
		{"a start line", "INVITE\r\n\r\n", ""},
		{"a response to nothing", "SIP/2.0 200 OK\r\n" + head(106) + "CSeq: 1 INVITE\r\n\r\n", ""},
	} {
		if tc.want == "" {
			if _, err := conn.Write([]byte(tc.message)); err != nil {
				t.Fatal(err)
			}
		} else {
			peer.Exchange(t, conn, tc.message, "", tc.want)
		}
		alive(200 + i)
	}
}
