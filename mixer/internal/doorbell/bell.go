// Package doorbell wakes goroutines on behalf of threads with real-time scheduling.
//
// Who makes a goroutine ready, by a channel, a mutex or a timer, has to change its status,
// and spins while the collector scans its stack (runtime.casgstatus). If the thread that
// does scan it is one that the spinning one has taken the processor from, it never gets on:
// a thread with SCHED_FIFO does not give way to it, until the kernel throttles it, for up to
// a second. So a worker of the mixer only puts down whom it wants to have woken, and rings:
// it writes to an eventfd(2), without the scheduler. The runtime's poller wakes the Bell's
// goroutine, which is as ordinary as those whom it wakes.
//
// Start begins the one goroutine of a Bell, Close ends it.
package doorbell

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Bell has calls answered by a goroutine of its own. Before Start, after Close and where it
// is nil there is no such, and no worker either: then who rings answers by itself.
type Bell struct {
	calls atomic.Pointer[Call] // newest first
	rung  atomic.Bool          // the goroutine will look at calls again
	state atomic.Int64         // open, and how many are ringing
	// The descriptor that is written to is not the one that is read from: its end must not
	// pass through the poller, as it may be a worker that leaves last.
	out int

	in    *os.File // nil before Start
	log   *slog.Logger
	group sync.WaitGroup
}

// open is a bit of state. While it is set nobody closes out; without it no more come.
const open = 1 << 62

// Start begins to answer, before the first worker does. The error is of kind
// fault.Unavailable.
func (b *Bell) Start(log *slog.Logger) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return fault.New(fault.Unavailable, "doorbell: %w", os.NewSyscallError("eventfd", err))
	}
	in := os.NewFile(uintptr(fd), "eventfd")
	// Without the runtime's poller a Read would not wait.
	if err := in.SetReadDeadline(time.Time{}); err != nil {
		return fault.New(fault.Unavailable, "doorbell: %w", errors.Join(err, in.Close()))
	}
	out, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fault.New(fault.Unavailable, "doorbell: %w", errors.Join(os.NewSyscallError("fcntl", err), in.Close()))
	}
	b.in, b.out, b.log = in, out, log
	b.state.Store(open)
	b.group.Go(b.run) // owned by b, ended by Close
	return nil
}

// Close ends the Bell. What was called by then has been answered.
func (b *Bell) Close() error {
	if b.in == nil {
		return nil
	}
	err := b.in.Close()
	b.group.Wait()
	if errors.Is(err, os.ErrClosed) {
		return nil // it was closed before
	}
	return err
}

// run is the Bell's goroutine.
func (b *Bell) run() {
	defer b.mute()
	defer guard.Recover(b.log, "the mixer's doorbell: workers wake whom they must by themselves")
	var count [8]byte
	for {
		if _, err := b.in.Read(count[:]); err != nil {
			if !errors.Is(err, os.ErrClosed) {
				b.log.Error("the mixer's workers wake whom they must by themselves", "err", fmt.Errorf("doorbell: %w", err))
			}
			return
		}
		b.rung.Store(false) // from here on who calls rings again
		b.answer()
	}
}

// mute lets nobody ring any more.
func (b *Bell) mute() {
	b.state.Add(1) // as one who is ringing
	b.state.And(^open)
	b.leave()
}

// answer answers the calls that there are, oldest first.
func (b *Bell) answer() {
	var first *Call
	for c := b.calls.Swap(nil); c != nil; {
		next := c.next
		c.next, first = first, c
		c = next
	}
	for c := first; c != nil; {
		next := c.next
		c.next = nil
		c.called.Store(false) // from here on it may be called again
		c.Answer()
		c = next
	}
}

// enter keeps out open until leave; false when it is closed.
func (b *Bell) enter() bool {
	if b == nil {
		return false
	}
	for {
		v := b.state.Load()
		if v&open == 0 {
			return false
		}
		if b.state.CompareAndSwap(v, v+1) {
			return true
		}
	}
}

// leave is for who has entered. The last one closes out, once the Bell has ended, and
// answers what nobody else will.
func (b *Bell) leave() {
	if b.state.Add(-1) != 0 {
		return
	}
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(b.out), 0, 0) // Linux frees it whatever it answers
	b.answer()
}

// one is what is written: a number above 0 whatever the order of bytes.
var one = [8]byte{0: 1, 7: 1}

// ring wakes the Bell's goroutine, unless somebody has.
func (b *Bell) ring() {
	if !b.rung.CompareAndSwap(false, true) {
		return
	}
	// The raw system call, which the scheduler hears nothing of. It never waits, and fails
	// only when the count is full (EAGAIN): then it is there to be read all the same.
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(b.out), uintptr(unsafe.Pointer(&one)), uintptr(len(one))) //nolint:gosec // the kernel reads it during the call
}

// Call is something that a worker wants to have done by an ordinary goroutine.
type Call struct {
	// Answer does it. It never waits. It may be run for several times that it was called,
	// and by several goroutines at once.
	Answer func()

	called atomic.Bool // and not answered yet
	next   *Call       // in the Bell's list; belongs to whoever has set called
}

// Call has c answered soon. It never waits, allocates nothing, and readies no goroutine.
func (b *Bell) Call(c *Call) {
	if !b.enter() {
		c.Answer()
		return
	}
	defer b.leave()
	if !c.called.CompareAndSwap(false, true) {
		return // it is in the list, or about to be; whoever put it there rings
	}
	for {
		c.next = b.calls.Load()
		if b.calls.CompareAndSwap(c.next, c) {
			break
		}
	}
	b.ring()
}
