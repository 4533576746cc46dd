package mixer

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tickLength is a worker's period; ticksPerFrame of them make one frame.
const (
	tickLength    = 5 * time.Millisecond
	ticksPerFrame = 4
	ticksPerSec   = int64(time.Second / tickLength)
)

// catchUp is how late a worker may come back and still run every tick it owes.
const catchUp = 100 * time.Millisecond

// clock reads CLOCK_MONOTONIC, the clock that sleepUntil sleeps by, without a
// system call.
type clock struct {
	base   time.Time
	offset int64
}

func newClock() (clock, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return clock{}, err
	}
	return clock{base: time.Now(), offset: ts.Nano()}, nil
}

// now is the time in nanoseconds since the machine started.
func (c clock) now() int64 { return c.offset + int64(time.Since(c.base)) }

// sleepUntil sleeps to an absolute time of clock. Go's own timers would be
// 0.6 ms late at rest and 10 ms under load.
func sleepUntil(ns int64) {
	ts := unix.NsecToTimespec(ns)
	for {
		// The system call, not the raw one: the P must be free meanwhile.
		_, _, errno := unix.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME,
			uintptr(unsafe.Pointer(&ts)), //nolint:gosec // the kernel reads it during the call
			0, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}

// threadTime is the processor time of the calling thread in nanoseconds.
func threadTime() int64 {
	var ts unix.Timespec
	_, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_THREAD_CPUTIME_ID,
		uintptr(unsafe.Pointer(&ts)), //nolint:gosec // the kernel fills it during the call
		0)
	if errno != 0 {
		return 0
	}
	return ts.Nano()
}

// niceValue is what a worker gets where SCHED_FIFO is not permitted.
const niceValue = -10

// schedule gives the calling thread real-time scheduling, or what is permitted
// instead, and says which: "fifo", "nice" or "normal". Threads that the runtime
// starts from this one do not inherit it.
func schedule(fifo bool, priority int) string {
	if !fifo {
		return "normal"
	}
	attr := unix.SchedAttr{
		Size:     unix.SizeofSchedAttr,
		Policy:   unix.SCHED_FIFO,
		Flags:    unix.SCHED_FLAG_RESET_ON_FORK,
		Priority: uint32(priority),
	}
	if unix.SchedSetAttr(0, &attr, 0) == nil {
		return "fifo"
	}
	if unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceValue) == nil {
		return "nice"
	}
	return "normal"
}
