package pace

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slacks are those of the process's threads, in nanoseconds.
func slacks(t *testing.T) map[string]int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSpace(string(text))]++
	}
	return found
}

// All threads have it, and lose it again.
func TestSlack(t *testing.T) {
	runtime.LockOSThread() // one thread asks for all of them
	defer runtime.UnlockOSThread()
	err := SetSlack(2 * time.Millisecond)
	if errors.Is(err, fs.ErrPermission) {
		if got := slacks(t); got["2000000"] != 0 {
			t.Errorf("threads by their slack: %v; it was not permitted", got)
		}
		t.Skip("skipped: the slack of other threads is not to be set without CAP_SYS_NICE")
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := slacks(t); len(got) != 1 || got["2000000"] == 0 {
		t.Errorf("threads by their slack: %v; all were given 2 ms", got)
	}
	if how := Schedule(false, 1); how != Normal {
		t.Errorf("scheduled as %q, which nobody asked for", how)
	}
	own, err := os.ReadFile("/proc/" + strconv.Itoa(unix.Gettid()) + "/timerslack_ns")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(own)) != "1" {
		t.Errorf("a worker without real-time scheduling has a slack of %s ns", own)
	}
	if err := SetSlack(0); err != nil {
		t.Fatal(err)
	}
	if got := slacks(t); got["2000000"] != 0 {
		t.Errorf("threads by their slack: %v; none should have kept 2 ms", got)
	}
}
