package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Shell runs a line in a shell in which `skybridge` is this binary on this
// server's data.
func (s *Server) Shell(ctx context.Context, line string) (string, error) {
	cmd := exec.CommandContext(ctx, "bash", "-ceu", fmt.Sprintf(
		`skybridge() { if [ "$1" = check ]; then %[1]q "$@"; else %[1]q "$@" --data-dir %[2]q; fi; }; %[3]s`,
		s.binary, s.Dir, line))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Trial runs a line that starts a server, on a folder and ports of its own, and
// stops it once it says that it is ready.
func (s *Server) Trial(ctx context.Context, line string) error {
	dir, err := os.MkdirTemp("", "skybridge-trial-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	free := ""
	for _, key := range []string{"sip.tls_listen", "ari.listen", "ari.tls_listen", "api.listen", "webrtc.listen", "sip.listen"} {
		if !strings.Contains(line, key) && !strings.Contains(line, "SIP__LISTEN") {
			free += " --set " + key + "=127.0.0.1:0"
		}
	}
	if strings.Contains(line, "SIP__LISTEN") {
		for _, key := range []string{"sip.tls_listen", "ari.listen", "ari.tls_listen", "api.listen", "webrtc.listen"} {
			free += " --set " + key + "=127.0.0.1:0"
		}
	}
	out := &safeBuffer{}
	cmd := exec.CommandContext(ctx, "bash", "-ceu", strings.Replace(line, "skybridge serve", "exec skybridge serve", 1)+
		free+" --data-dir "+dir)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(s.binary)+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(out.String(), "is ready.") {
		select {
		case <-tick.C:
			if cmd.Process.Signal(syscall.Signal(0)) != nil {
				return errors.Join(fmt.Errorf("%s ended:\n%s", line, out), cmd.Wait())
			}
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s is not ready:\n%s", line, out), cmd.Wait())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line, err, out)
	}
	return nil
}
