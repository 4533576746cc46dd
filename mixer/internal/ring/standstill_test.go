package ring

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

const (
	pinned      = "SKYBRIDGE_TEST_PINNED"
	processes   = 5
	spun        = "a Push has spun"
	unpermitted = "real-time scheduling is not permitted here (CAP_SYS_NICE)"
)

// A worker with real-time scheduling on the only core there is pushes to a reader whose stack
// the collector is scanning. With a wake by channel that costs it most of a second of spinning
// each time, as the collector does not get on: here ten times in ten.
//
// What is measured is the processor time that a Push takes for itself. Other threads with
// real-time scheduling on that core can still bring a standstill about, that of the runtime: a
// Push that they hold up half way is found by the collector, which stops and scans the worker
// itself. So one process of several in which no Push has spun is enough.
func TestPushNeverSpins(t *testing.T) {
	if os.Getenv(pinned) == "" {
		pin(t)
		return
	}
	runtime.GOMAXPROCS(4) // as the engine has it: more than there are cores
	debug.SetGCPercent(10)
	q := NewQueue[int](64, started(t))
	stop, done := make(chan struct{}), make(chan struct{})
	var got atomic.Int64
	go func() { // ended by stop, awaited below
		defer close(done)
		// A stack that takes a while to be scanned.
		descend(20000, func() { q.Run(stop, func(*int) { got.Add(1) }) })
	}()
	var garbage sync.WaitGroup
	garbage.Go(func() { collect(stop) }) // ended by stop, awaited below

	clock, err := pace.NewClock()
	if err != nil {
		t.Fatal(err)
	}
	var most, pushed int64
	how := make(chan string)
	go func() { // ends after its pushes, awaited below; its thread ends with it
		runtime.LockOSThread()
		scheduling := pace.Schedule(true, 10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for after.NumGC < before.NumGC+30 && scheduling == pace.FIFO {
			for range 100 {
				pace.SleepUntil(clock.Now() + int64(5*time.Millisecond))
				from := pace.ThreadTime()
				if i := 0; q.Push(&i) {
					pushed++
				}
				most = max(most, pace.ThreadTime()-from)
			}
			runtime.ReadMemStats(&after)
		}
		how <- scheduling
	}()
	scheduling := <-how
	close(stop)
	<-done
	garbage.Wait()
	if scheduling != pace.FIFO {
		t.Skipf("%s, but %q", unpermitted, scheduling)
	}
	if got.Load() != pushed {
		t.Errorf("%d values of %d", got.Load(), pushed)
	}
	t.Logf("%d values, the most that one took of the processor: %v", pushed, time.Duration(most))
	if time.Duration(most) > 100*time.Millisecond {
		t.Errorf(spun+" for %v", time.Duration(most))
	}
}

// pin runs the test again in a process that has one core.
func pin(t *testing.T) {
	runtime.LockOSThread() // and never unlocks: the thread ends with the test
	var may, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if may.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	var err error
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v") //nolint:gosec // ourselves
		cmd.Env = append(os.Environ(), pinned+"=1")
		var out []byte
		out, err = cmd.CombinedOutput()
		t.Logf("%s", out)
		switch {
		case strings.Contains(string(out), "--- SKIP"):
			t.Skip(unpermitted)
		case err == nil:
			return
		case !strings.Contains(string(out), spun):
			t.Fatal(err)
		}
	}
	t.Errorf("in each of %d processes: %v", processes, err)
}

// descend runs f below n calls.
//
//go:noinline
func descend(n int, f func()) (sum int) {
	var frame [16]*int
	if n == 0 {
		f()
		return 0
	}
	frame[n%16] = &n
	return descend(n-1, f) + *frame[n%16]
}

// collect makes work for the collector.
func collect(stop <-chan struct{}) {
	live := make([][]byte, 20000)
	for i := 0; ; i++ {
		live[i%len(live)] = make([]byte, 64+i%512)
		if i%100 != 0 {
			continue
		}
		select {
		case <-stop:
			return
		default:
			runtime.Gosched()
		}
	}
}
