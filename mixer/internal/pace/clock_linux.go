package pace

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Tick is a worker's period; TicksPerFrame of them make one frame.
const (
	Tick           = 5 * time.Millisecond
	TicksPerFrame  = 4
	TicksPerSecond = int64(time.Second / Tick)
)

// Moment is when something happens.
type Moment struct {
	Tick int64 // since the machine started
	Wall int64 // unix nanoseconds, of the tick's start
	Late int64 // nanoseconds by which the tick started after it was due
}

// At is when the tick was due, since the machine started.
func (m Moment) At() time.Duration { return time.Duration(m.Tick) * Tick }

// Arrival brings the arrival of a packet, in unix nanoseconds, to the clock of At. The
// clock on the wall may be set meanwhile; nothing waits for longer than a second.
func (m Moment) Arrival(wall int64) time.Duration {
	age := min(max(m.Wall-wall, 0), int64(time.Second))
	return m.At() + time.Duration(m.Late-age)
}

// Clock reads CLOCK_MONOTONIC, the clock that SleepUntil sleeps by, without a
// system call.
type Clock struct {
	base   time.Time
	offset int64
}

// NewClock sets a Clock by the kernel's.
func NewClock() (Clock, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return Clock{}, err
	}
	return Clock{base: time.Now(), offset: ts.Nano()}, nil
}

// Now is the time in nanoseconds since the machine started.
func (c Clock) Now() int64 { return c.offset + int64(time.Since(c.base)) }

// SleepUntil sleeps to an absolute time of Clock. Go's own timers would be
// 0.6 ms late at rest and 10 ms under load.
func SleepUntil(ns int64) {
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

// ThreadTime is the processor time of the calling thread in nanoseconds.
func ThreadTime() int64 {
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

// How a thread is scheduled.
const (
	FIFO   = "fifo"   // SCHED_FIFO
	Nice   = "nice"   // a negative nice value
	Normal = "normal" // as any other
)

// Schedule gives the calling thread real-time scheduling, or what is permitted
// instead, and says which: FIFO, Nice or Normal. Threads that the runtime
// starts from this one do not inherit it.
func Schedule(fifo bool, priority int) string {
	how := schedule(fifo, priority)
	if how != FIFO {
		awake()
	}
	return how
}

func schedule(fifo bool, priority int) string {
	if !fifo {
		return Normal
	}
	attr := unix.SchedAttr{
		Size:     unix.SizeofSchedAttr,
		Policy:   unix.SCHED_FIFO,
		Flags:    unix.SCHED_FLAG_RESET_ON_FORK,
		Priority: uint32(priority),
	}
	if unix.SchedSetAttr(0, &attr, 0) == nil {
		return FIFO
	}
	if unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceValue) == nil {
		return Nice
	}
	return Normal
}
