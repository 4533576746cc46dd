package load

import (
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Clock is the time as the kernel's time stamps of packets have it, in nanoseconds
// since 1970, but free of the steps that the clock on the wall may take.
type Clock struct{ wall, monotonic int64 }

// NewClock sets a clock by the kernel's.
func NewClock() (Clock, error) {
	var wall, monotonic unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic); err != nil {
		return Clock{}, err
	}
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &wall); err != nil {
		return Clock{}, err
	}
	return Clock{wall.Nano(), monotonic.Nano()}, nil
}

// Now is the time.
func (c Clock) Now() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil { // never, as it was in NewClock
		return time.Now().UnixNano()
	}
	return ts.Nano() - c.monotonic + c.wall
}

// Monotonic is a time of the clock by CLOCK_MONOTONIC.
func (c Clock) Monotonic(at int64) time.Duration { return time.Duration(at - c.wall + c.monotonic) }

// SleepUntil sleeps to an absolute time.
func (c Clock) SleepUntil(at int64) {
	ts := unix.NsecToTimespec(at - c.wall + c.monotonic)
	for {
		_, _, errno := unix.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME,
			uintptr(unsafe.Pointer(&ts)), //nolint:gosec // the kernel reads it during the call
			0, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}

// priority is that of the client among real-time threads, as a server's workers have it.
const priority = 10

// Schedule gives the calling thread real-time scheduling, or what is permitted instead,
// and says which: "fifo", "nice" or "normal". What the thread starts does not inherit it.
func Schedule() string {
	attr := unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: priority,
	}
	if unix.SchedSetAttr(0, &attr, 0) == nil {
		return "fifo"
	}
	if unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -10) == nil {
		return "nice"
	}
	return "normal"
}

// Pin lets this process, all its threads and what they start, run on one core only.
func Pin(core int) error {
	var set unix.CPUSet
	set.Set(core)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH { //nolint:errorlint // a bare errno: the thread has ended
			return os.NewSyscallError("sched_setaffinity", err)
		}
	}
	return nil
}

// Cores are the numbers of the processor cores that this process may run on.
func Cores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var cores []int
	for i := range 8 * int(unsafe.Sizeof(set)) {
		if set.IsSet(i) {
			cores = append(cores, i)
		}
	}
	return cores, nil
}
