package measure

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// clock is the processor time of all threads of a process, in nanoseconds.
type clock func(pid int) (time.Duration, error)

// processClock reads the clock that clock_getcpuclockid(3) names, which any process may.
//
// It is the one exact figure of a whole process. /proc/PID/schedstat counts nanoseconds
// too, but of the first thread alone; the same files of all threads, in task, leave out
// threads that have ended; and utime and stime of /proc/PID/stat, which have them, are cut
// to 10 ms. What a thread that runs at the moment has done since the kernel's last tick, at
// most 4 ms of it at 250 Hz, is in none of them.
func processClock(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED of include/linux/posix-timers_types.h
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &ts); err != nil {
		return 0, fmt.Errorf("clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}
