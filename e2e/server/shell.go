package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// Shell runs a line in a shell, in a folder, in which `skybridge` is this binary on
// this server's data and curl fails on what is no success.
func (s *Server) Shell(ctx context.Context, dir, line string) (string, error) {
	cmd := exec.CommandContext(ctx, "bash", "-ceu", "-o", "pipefail", fmt.Sprintf(
		`skybridge() { if [ "$1" = check ]; then %[1]q "$@"; else %[1]q "$@" --data-dir %[2]q; fi; }
curl() { command curl --fail-with-body --silent --show-error "$@"; }
%[3]s`, s.binary, s.Dir, line))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // else the race detector holds up each command's end for a second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var errEnded = errors.New("with success")

// Trial runs a line that starts a server, in a folder, on data and ports of its own
// where the line names none, and stops it once it says that it is ready. It gives
// what the server has said.
func (s *Server) Trial(ctx context.Context, dir, line string) (said string, err error) {
	own, err := os.MkdirTemp("", "skybridge-trial-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	if err := os.Symlink(s.binary, filepath.Join(own, "skybridge")); err != nil {
		return "", err
	}
	for _, key := range []string{"sip.listen", "sip.tls_listen", "ari.listen", "ari.tls_listen", "api.listen", "webrtc.listen", "turn.listen", "turn.tls_listen"} {
		variable := "SKYBRIDGE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
		if !strings.Contains(line, key) && !strings.Contains(line, variable) {
			line += " --set " + key + "=127.0.0.1:0"
		}
	}
	line = strings.Replace(line, "skybridge serve", "exec skybridge serve", 1) + " --data-dir " + filepath.Join(own, "data")
	out := &logtest.Log{}
	cmd := exec.CommandContext(ctx, "bash", "-ceu", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+own+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // owned by this call, which waits for it; ctx kills the process
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(out.String(), "is ready.") {
		select {
		case <-tick.C:
		case err := <-ended:
			return out.String(), fmt.Errorf("it ended before it was ready: %w", cmp.Or(err, errEnded))
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return out.String(), errors.Join(err, <-ended)
	}
	if err := <-ended; err != nil {
		return out.String(), fmt.Errorf("it did not end cleanly: %w", err)
	}
	return out.String(), nil
}
