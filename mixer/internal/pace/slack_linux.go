package pace

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// kernelSlack is what a thread has that nobody set another (prctl(2), PR_SET_TIMERSLACK).
const kernelSlack = 50 * time.Microsecond

// SetSlack lets the kernel end the sleeps of every thread of the process by up to so much
// too late, and of those that come of them; 0 is the kernel's own measure. Threads with
// real-time scheduling are woken in time whatever it is, and so are those that Schedule was
// called on.
//
// Go's runtime has a thread that looks after those in system calls (sysmon). As long as it
// finds some to take a P from, as it does each time that a worker sleeps, it looks every
// 20 µs or so, and each time wakes up for it: a fifth of what a worker with a hundred calls
// costs.
//
// Where it is not permitted (CAP_SYS_NICE, as real-time scheduling is) the error is
// fs.ErrPermission, and no thread has another slack than before.
func SetSlack(slack time.Duration) error {
	if slack == 0 {
		slack = kernelSlack
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	// A thread may always set its own, so the others are asked first.
	self := strconv.Itoa(unix.Gettid())
	text := []byte(strconv.FormatInt(slack.Nanoseconds(), 10))
	for _, t := range threads {
		if t.Name() == self {
			continue
		}
		if err := setSlack(t.Name(), text); err != nil {
			return err
		}
	}
	return setSlack(self, text)
}

func setSlack(thread string, text []byte) error {
	err := os.WriteFile("/proc/"+thread+"/timerslack_ns", text, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return nil // it has ended
	}
	return err
}

// awake has the calling thread's sleeps end in time again.
func awake() {
	// It cannot fail: each thread may say so of itself.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}
