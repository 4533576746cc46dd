package newcomer_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/server"
)

// called is the binary by another name, started in a folder.
func called(t *testing.T, name, dir string, args ...string) *exec.Cmd {
	t.Helper()
	link := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(server.Binary(t), link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), link, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

// In Asterisk's place: started by a service manager with the line that Debian has for
// Asterisk, it runs as the user that the line names, tells the manager when it is
// ready, and answers `asterisk -rx` from any folder.
func TestInAsterisksPlace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "skybridge-") //nolint:usetesting // short, and with a way in for others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "asterisk.conf"), []byte("[directories]\nastrundir => "+dir+"/run\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "pjsip.conf"), []byte("[u]\ntype=transport\nbind=127.0.0.1:0\n[1001]\ntype=endpoint\nallow=ulaw\n"), 0o600),
		os.Chmod(dir, 0o755), //nolint:gosec // nobody must reach its files
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, -1)
	}); err != nil {
		t.Fatal(err)
	}
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	way := filepath.Dir(manager.LocalAddr().String())
	for _, path := range []string{filepath.Dir(way), way} { // nobody must reach it
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // see above
			t.Fatal(err)
		}
	}
	if err := os.Chmod(manager.LocalAddr().String(), 0o777); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}

	var log bytes.Buffer
	cmd := called(t, "asterisk", dir, "-g", "-f", "-p", "-U", "nobody", "-C", dir+"/asterisk.conf")
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+manager.LocalAddr().String(), "SKYBRIDGE_API__LISTEN=off", "SKYBRIDGE_WEBRTC__LISTEN=off", "SKYBRIDGE_TURN__LISTEN=off", "SKYBRIDGE_TURN__TLS_LISTEN=off",
		"SKYBRIDGE_RTP__ADDRESS=127.0.0.1", "SKYBRIDGE_MEDIA__WORKERS=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // owned by this test, which waits for it
	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	word := make([]byte, 64)
	if n, err := manager.Read(word); err != nil || string(word[:n]) != "READY=1" {
		t.Errorf("the service manager hears %q, %v", word[:n], err)
	}

	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Uid:" + strings.Repeat("\t"+nobody.Uid, 4), "Gid:" + strings.Repeat("\t"+nobody.Gid, 4), "Groups:\t" + nobody.Gid + " "} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the process has not %q:\n%s", line, text)
		}
	}
	out, err := called(t, "asterisk", "/", "-C", dir+"/asterisk.conf", "-rx", "core show uptime").CombinedOutput()
	if err != nil || !regexp.MustCompile(`^System uptime: \d+ seconds?\n`).Match(out) {
		t.Errorf("asterisk -rx: %v\n%s", err, out)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end: %v", err)
	}
	if t.Failed() {
		t.Logf("the server's log:\n%s", &log)
	}

	// Nobody is there any more: who asks is told so, in the words that scripts know.
	for _, how := range [][]string{{"-r"}, {"-rx", "core show uptime"}} {
		cmd := called(t, "asterisk", "/", append([]string{"-C", dir + "/asterisk.conf"}, how...)...)
		out, err := cmd.CombinedOutput()
		want := "Unable to connect to remote asterisk (does " + dir + "/run/skybridge.ctl exist?)\n"
		if cmd.ProcessState.ExitCode() != 1 || string(out) != want {
			t.Errorf("asterisk %s: %v\n%swant %s", how, err, out, want)
		}
	}
}
