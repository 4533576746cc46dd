package pace

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// kernelSlack is what a thread has that nobody set another (prctl(2), PR_SET_TIMERSLACK).
const kernelSlack = 50 * time.Microsecond

// SetSlack lets the kernel end the sleeps of every thread of the process by up to so much
// too late, and of those that come of them; 0 is the kernel's own measure. Threads with
// real-time scheduling are woken in time whatever it is.
//
// Go's runtime has a thread that looks after those in system calls (sysmon). As long as it
// finds some to take a P from, as it does each time that a worker sleeps, it looks every
// 20 µs or so, and each time wakes up for it: a fifth of what a worker with a hundred calls
// costs.
//
// Where it is not permitted (CAP_SYS_NICE, as real-time scheduling is) the error is
// fs.ErrPermission.
func SetSlack(slack time.Duration) error {
	if slack == 0 {
		slack = kernelSlack
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	text := []byte(strconv.FormatInt(slack.Nanoseconds(), 10))
	for _, t := range threads {
		err := os.WriteFile("/proc/"+t.Name()+"/timerslack_ns", text, 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // it has ended
			return err
		}
	}
	return nil
}
