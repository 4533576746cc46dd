package measure

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A program is its first process and what came of it, children that have ended included;
// by the clocks of those that have one, else by the ticks of their files.
func TestProcesses(t *testing.T) {
	const rss, waited = (1000 + 20480 + 512) << 10, 3 * 16 * 10 * time.Millisecond
	none := func(int) (time.Duration, error) { return 0, unix.EINVAL }
	exact := map[int]time.Duration{100: 31234567, 200: 3454321098, 300: 301000001}
	for name, tt := range map[string]struct {
		clock clock
		want  Usage
	}{
		"ticks": {none, Usage{CPU: waited + (3+345+30)*10*time.Millisecond, Step: 10 * time.Millisecond, RSS: rss}},
		"clocks": {func(pid int) (time.Duration, error) { return exact[pid], nil },
			Usage{CPU: waited + 31234567 + 3454321098 + 301000001, Step: 1, RSS: rss}},
		"some": {func(pid int) (time.Duration, error) {
			if pid == 300 {
				return none(pid)
			}
			return exact[pid], nil
		}, Usage{CPU: waited + 31234567 + 3454321098 + 300*time.Millisecond, Step: 10 * time.Millisecond, RSS: rss}},
	} {
		p, err := find("testdata/proc", tt.clock, 100)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := p.Usage(); err != nil || u != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", name, u, err, tt.want)
		}
	}
	gone, err := find("testdata/proc", none, 7)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := gone.Usage(); err == nil {
		t.Errorf("a process that is not there has used %+v", u)
	}
	if u, err := (Program{}).Usage(); err != nil || u != (Usage{}) {
		t.Errorf("nobody has used %+v, %v", u, err)
	}
}

// The clock of a process counts what getrusage counts, which is to the microsecond and
// sees what the asking thread does meanwhile.
func TestProcessClock(t *testing.T) {
	used := func() time.Duration {
		var r unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	before := used()
	got, err := processClock(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	const rounding = 2 * time.Microsecond
	if after := used(); got < before-rounding || got > after+rounding {
		t.Errorf("%v, want %v to %v", got, before, after)
	}
	if got, err := processClock(1 << 28); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a process that is not there: %v, %v", got, err)
	}
}

func TestStatusAndStat(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "VmRSS:\t 12 kB\n": 12 << 10, "VmRSS:\t x kB\n": -1, "VmRSS:\t12 MB\n": -1} {
		got, err := resident(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1 (x", "1 (x) S 1 2 3", "1 (x) " + strings.Repeat("y ", 20)} {
		if own, waited, err := cpuTime([]byte(text)); err == nil {
			t.Errorf("%q: %v, %v", text, own, waited)
		}
	}
}

func TestCoreTimes(t *testing.T) {
	for core, want := range map[int]CoreTime{
		-1: {300 * time.Second, 12 * time.Second}, 0: {100 * time.Second, 2 * time.Second}, 1: {200 * time.Second, 10 * time.Second},
	} {
		if got, err := coreTime("testdata/proc", core); err != nil || got != want {
			t.Errorf("core %d: %+v, %v, want %+v", core, got, err, want)
		}
	}
	for proc, core := range map[string]int{"testdata/proc": 2, "testdata/oldproc": 0, "testdata/badproc": 0, "testdata/none": -1} {
		if got, err := coreTime(proc, core); err == nil {
			t.Errorf("%s, core %d: %+v", proc, core, got)
		}
	}
	earlier, later := CoreTime{100 * time.Second, 2 * time.Second}, CoreTime{104 * time.Second, 3 * time.Second}
	if got := later.Since(earlier); got != 0.25 {
		t.Errorf("stolen: %v", got)
	}
	if got := earlier.Since(earlier); got != 0 {
		t.Errorf("stolen of no time: %v", got)
	}
}
