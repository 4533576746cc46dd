package peer

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// within is set in a test's process that has a network of its own.
const within = "SKYBRIDGE_TEST_WITHIN"

// OwnNetwork reports whether the test has a network namespace of its own. If not, it runs the
// test once more, in one, with what that says as its own result. It skips the test where a
// program is not installed, or where the probe, a line of shell, does not work in a namespace.
func OwnNetwork(t *testing.T, probe string, programs ...string) bool {
	t.Helper()
	if os.Getenv(within) != "" {
		Run(t, "", "ip", "link", "set", "lo", "up")
		return true
	}
	for _, program := range append([]string{"unshare", "ip"}, programs...) {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s on this machine: run testdata/peers/install.sh", program)
		}
	}
	if out, err := exec.Command("unshare", "--net", "sh", "-c", "ip link set lo up && "+probe).CombinedOutput(); err != nil {
		t.Skipf("no network of one's own can be had here: %v: %s", err, out)
	}
	cmd := exec.Command("unshare", "--net", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "10m") //nolint:gosec // itself
	cmd.Env = append(os.Environ(), within+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v", err)
	}
	t.Logf("%s", out)
	return false
}

// Run runs a program on the machine, with an input, and gives what it says.
func Run(t *testing.T, in, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}
