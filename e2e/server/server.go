// Package server builds and starts the server itself for end-to-end tests, on
// free ports of loopback, with a configuration of the test's own.
//
// Goroutines: one per server that waits for its end; the test's cleanup stops it.
package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/peer"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// Config says what server to start. The zero value has the default files.
type Config struct {
	// Files are the Asterisk files by name; none means the embedded defaults.
	Files map[string]string
	// Beside are files beside the embedded defaults.
	Beside map[string]string
	// Settings is the skybridge.yaml, none when empty.
	Settings string
	// Set are further settings.
	Set map[string]string
	// Dev starts it for developing (--dev).
	Dev bool
	// Binary is the program; that of the function of that name when empty.
	Binary string
}

// Server is a running server.
type Server struct {
	SIP, TLS, WS, WSS, API int // ports
	Dir                    string

	binary string
	secure bool // the API is served over TLS
	dev    bool
	args   []string
	cmd    *exec.Cmd
	log    *logtest.Log
	exited chan error
}

var build struct {
	once sync.Once
	path string
	err  error
}

// Binary is the server with the race detector: SKYBRIDGE_BINARY names one that is
// there (make test builds it once), else each test process builds its own.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		if build.path = os.Getenv("SKYBRIDGE_BINARY"); build.path != "" {
			return
		}
		dir, err := os.MkdirTemp("", "skybridge-e2e-") //nolint:usetesting // shared by all tests of the process
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "skybridge")
		out, err := exec.Command("go", "build", "-race", "-o", build.path, "github.com/skygenesisenterprise/skybridge/cmd/skybridge").CombinedOutput()
		if err != nil {
			build.err = fmt.Errorf("build: %w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

// Start starts a server and waits until it is ready. It is stopped with the test,
// and fails it when it does not end cleanly.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "skybridge-") //nolint:usetesting // short: a socket's path has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s := &Server{
		SIP: peer.FreePort(t), TLS: peer.FreePort(t), WS: peer.FreePort(t), WSS: peer.FreePort(t), API: peer.FreePort(t),
		Dir: dir, binary: cfg.Binary, log: &logtest.Log{}, exited: make(chan error, 1),
	}
	if s.binary == "" {
		s.binary = Binary(t)
	}
	s.args = []string{"--data-dir", dir}
	if cfg.Files != nil {
		conf := filepath.Join(dir, "conf")
		if err := os.MkdirAll(conf, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range cfg.Files {
			if err := os.WriteFile(filepath.Join(conf, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s.args = append(s.args, "--asterisk-dir", conf)
	}
	for name, text := range cfg.Beside {
		beside := filepath.Join(dir, "asterisk")
		if err := errors.Join(os.MkdirAll(beside, 0o700), os.WriteFile(filepath.Join(beside, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if cfg.Settings != "" {
		file := filepath.Join(dir, "skybridge.yaml")
		if err := os.WriteFile(file, []byte(cfg.Settings), 0o600); err != nil {
			t.Fatal(err)
		}
		s.args = append(s.args, "--config", file)
	}
	settings := map[string]string{
		"sip.listen": addr(s.SIP), "sip.tls_listen": addr(s.TLS), "ari.listen": addr(s.WS), "ari.tls_listen": addr(s.WSS),
		"api.listen": addr(s.API), "webrtc.listen": "127.0.0.1:0", "log.level": "debug", "rtp.address": "127.0.0.1",
		"turn.listen": "off", "turn.tls_listen": "off", "sip.origins": "*",
	}
	for k, v := range cfg.Set {
		settings[k] = v
	}
	s.secure, s.dev = settings["api.tls"] == "true", cfg.Dev
	for k, v := range settings {
		s.args = append(s.args, "--set", k+"="+v)
	}
	s.launch(t)
	t.Cleanup(func() { s.Stop(t) })
	return s
}

func addr(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

func (s *Server) launch(t testing.TB) {
	t.Helper()
	serve := []string{"serve"}
	if s.dev {
		serve = append(serve, "--dev")
	}
	s.cmd = exec.Command(s.binary, append(serve, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=0")
	// A test binary that is killed, as one is whose time is up, takes its server along.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd, started := s.cmd, make(chan error, 1)
	go func() { // owned by s, ended by Stop
		// The signal is tied to the thread that started the program, so that must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			s.exited <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	peer.Eventually(t, "the server is ready", func() error {
		select {
		case err := <-s.exited:
			s.exited <- err
			t.Fatalf("the server ended: %v\n%s", err, s.Log())
		default:
		}
		resp, err := s.Client().Get(s.URL("/readyz"))
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
}

// Restart ends the server without warning and starts it again on the same data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited //nolint:errcheck // it was killed
	s.launch(t)
}

// Stop ends the server as an operator would and checks that it ends cleanly.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stop the server: %v", err)
	}
	select {
	case err := <-s.exited:
		if err != nil {
			t.Errorf("the server did not end cleanly: %v", err)
		}
	case <-time.After(60 * time.Second):
		t.Error("the server did not end in a minute")
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-s.exited //nolint:errcheck // it was killed
	}
	if strings.Contains(s.Log(), "DATA RACE") {
		t.Error("data race in the server")
	}
	if t.Failed() {
		t.Logf("the server's log:\n%s", s.Log())
	}
}

// Ended waits until the server has ended by itself, as it was told to, and checks that it
// did so cleanly.
func (s *Server) Ended(t testing.TB) {
	t.Helper()
	select {
	case err := <-s.exited:
		s.cmd = nil
		if err != nil {
			t.Errorf("the server did not end cleanly: %v", err)
		}
	case <-time.After(60 * time.Second):
		t.Error("the server did not end in a minute")
	}
}

// Log is what the server has said so far.
func (s *Server) Log() string { return s.log.String() }

// Process is the server's process.
func (s *Server) Process() *os.Process { return s.cmd.Process }

// Run runs another command of the binary on the server's data.
func (s *Server) Run(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(s.binary, append(args, s.args...)...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // else the race detector holds up its end for a second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("skybridge %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// RX asks the console.
func (s *Server) RX(t testing.TB, command string) string {
	t.Helper()
	return s.Run(t, "rx", command)
}

// Token makes a token.
func (s *Server) Token(t testing.TB, user string, flags ...string) string {
	t.Helper()
	return strings.TrimSpace(s.Run(t, append([]string{"token", "--user", user}, flags...)...))
}

var passwordLine = regexp.MustCompile(`password = (\S+)`)

// Password is a default extension's.
func (s *Server) Password(t testing.TB, extension string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, "asterisk", "pjsip.conf"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "username = "+extension)
	m := passwordLine.FindStringSubmatch(after)
	if m == nil {
		t.Fatalf("no password of %s", extension)
	}
	return m[1]
}

// Do makes a request of the API and decodes the answer into out, which may be
// nil. It gives the status.
func (s *Server) Do(t testing.TB, token, method, path string, in, out any) int {
	t.Helper()
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	default:
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL(path), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s: %s: %v\n%s", method, path, resp.Status, err, text)
		}
	}
	return resp.StatusCode
}

// Resources counts what calls hold: channels, bridges, ports, dialogs and so on.
func (s *Server) Resources(t testing.TB) map[string]int {
	t.Helper()
	out, err := resourcesIn(s.RX(t, "core show resources"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// counted are resources that must be among those that the server counts: without
// them a count that says that nothing is left says nothing.
var counted = []string{"channels", "bridges", "sip dialogs", "mixer ports", "rtp ports", "webrtc peers", "goroutines"}

// resourcesIn reads the answer to `core show resources`.
func resourcesIn(text string) (map[string]int, error) {
	out := make(map[string]int)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, fmt.Errorf("core show resources: line %q: %w", line, err)
		}
		out[name] = n
	}
	for _, name := range counted {
		if _, ok := out[name]; !ok {
			return nil, fmt.Errorf("core show resources counts no %s:\n%s", name, text)
		}
	}
	return out, nil
}

// Idle waits until calls hold nothing any more, and the goroutines are as few as
// they were when before was taken.
func (s *Server) Idle(t testing.TB, before map[string]int) {
	t.Helper()
	peer.Eventually(t, "nothing is left behind", func() error { return leftBehind(before, s.Resources(t)) })
}

// leftBehind says what there is more of than before.
func leftBehind(before, now map[string]int) error {
	if len(before) == 0 {
		return errors.New("nothing was counted before")
	}
	for name, n := range now {
		if n > before[name] {
			return fmt.Errorf("%s: %d, %d before", name, n, before[name])
		}
	}
	return nil
}
