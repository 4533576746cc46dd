// Package torture_test sends the started server what RFC 4475 and RFC 5118 have, and messages
// with parts changed, over UDP and TCP: it has phones with passwords, a dialplan, a registrar,
// media and all that guards SIP. All of it happens on a machine with no network but loopback, which every address leads to,
// since a message that was changed may have any address in it.
package torture_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

const (
	aloneKey  = "SKYBRIDGE_TEST_ALONE"
	forbidden = "forbidden"
)

// TestMain runs the tests again in a network of their own.
func TestMain(m *testing.M) {
	if os.Getenv(aloneKey) == "" {
		switch code, err := again(); {
		case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.ENOSPC):
			if err := os.Setenv(aloneKey, forbidden); err != nil {
				panic(err)
			}
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		default:
			os.Exit(code)
		}
	} else {
		loopback()
	}
	goleak.VerifyTestMain(m)
}

// loopback brings up the network, in which every address is this machine's.
func loopback() {
	for _, command := range []string{"link set lo up", "-4 route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil { //nolint:gosec // one of three
			fmt.Fprintf(os.Stderr, "ip %s: %v\n%s", command, err, out)
			os.Exit(1)
		}
	}
}

// again runs this program in a network of its own, and gives how it ended.
func again() (int, error) {
	runtime.LockOSThread() // the signal below is tied to the thread that started it
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), aloneKey+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	return 0, err
}

// alone skips a test that may not have a network of its own.
func alone(t *testing.T) {
	t.Helper()
	if os.Getenv(aloneKey) == forbidden {
		t.Skip("a network of one's own is not permitted here")
	}
}
