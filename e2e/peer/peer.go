// Package peer starts the real programs that the end-to-end tests talk to, on
// loopback, and stops them with the test: Asterisk 22, baresip, linphonec, Kamailio, SIPp and
// Chromium. testdata/peers/install.sh brings them onto the machine. A test is
// skipped, with the reason, only where a peer cannot exist; a peer that is here
// and does not work fails the test.
//
// Goroutines: one per program, ended by the test's cleanup, and those of
// chromedp, ended with the browser.
package peer

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Host is where all peers are.
const Host = "127.0.0.1"

// need is the path of a program, or a skip.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("no %s on this machine: run testdata/peers/install.sh", program)
	}
	return path
}

// cache is the folder that install.sh fills.
func cache(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SKYBRIDGE_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no cache folder on this machine: %v", err)
	}
	return filepath.Join(dir, "skybridge")
}

// scratch is a folder for a peer. Its name is short: a Unix socket's path has
// room for 107 bytes.
func scratch(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "peer-"+name+"-") //nolint:usetesting // t.TempDir has the test's long name
	if err != nil {
		t.Fatalf("make a folder for %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the folder of %s: %v", name, err)
		}
	})
	return dir
}

// write writes files, by name, into dir.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
