package uring

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrOldKernel means that the kernel has io_uring, but not all that is needed of it.
var ErrOldKernel = errors.New("uring: the kernel is older than 6.1")

// Ring is a pair of queues shared with the kernel. All but Open is for the thread
// that called Open (runtime.LockOSThread).
type Ring struct {
	fd          int
	rings, sqes []byte // mapped

	sqHead, sqTail, sqFlags *uint32
	cqHead, cqTail, lost    *uint32
	submissions             []Submission
	completions             []Completion
	tail                    uint32 // of submissions, not yet told
	queued                  uint32 // those before it that the kernel has not taken
}

// Open makes a ring for so many submissions between two calls of Enter, and
// completions between two of Advance; powers of two.
func Open(submissions, completions uint32) (*Ring, error) {
	p := params{
		cqEntries: completions,
		flags:     setupSize | setupSubmitAll | setupTaskrunFlag | setupOneThread | setupDefer,
	}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(submissions),
		uintptr(unsafe.Pointer(&p)), //nolint:gosec // the kernel fills it during the call
		0)
	if errno == unix.EINVAL {
		return nil, ErrOldKernel
	}
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &Ring{fd: int(fd)}
	if err := errors.Join(r.check(&p), r.mapRings(&p)); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// check asks whether the kernel can do all that is needed.
func (r *Ring) check(p *params) error {
	if p.features&features != features {
		return ErrOldKernel
	}
	var known probe
	if err := r.register(registerProbe, unsafe.Pointer(&known), len(known.ops)); err != nil { //nolint:gosec // filled during the call
		return err
	}
	for _, op := range []Op{OpReceiveMessage, OpSend, OpCancel} {
		if known.ops[op].flags&1 == 0 {
			return fmt.Errorf("operation %d: %w", op, ErrOldKernel)
		}
	}
	return nil
}

func (r *Ring) register(what uintptr, arg unsafe.Pointer, n int) error {
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), what, uintptr(arg), uintptr(n), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("io_uring_register", errno)
	}
	return nil
}

func (r *Ring) mapRings(p *params) (err error) {
	const access = unix.PROT_READ | unix.PROT_WRITE
	const how = unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(p.sq.array+p.sqEntries*uint32(unsafe.Sizeof(uint32(0))),
		p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(Completion{})))
	if r.rings, err = unix.Mmap(r.fd, offsetRings, int(size), access, how); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	bytes := int(p.sqEntries) * int(unsafe.Sizeof(Submission{}))
	if r.sqes, err = unix.Mmap(r.fd, offsetSubmissions, bytes, access, how); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	at := func(offset uint32) unsafe.Pointer { return unsafe.Pointer(&r.rings[offset]) } //nolint:gosec // aligned by the kernel
	r.sqHead, r.sqTail, r.sqFlags = (*uint32)(at(p.sq.head)), (*uint32)(at(p.sq.tail)), (*uint32)(at(p.sq.flags))
	r.cqHead, r.cqTail, r.lost = (*uint32)(at(p.cq.head)), (*uint32)(at(p.cq.tail)), (*uint32)(at(p.cq.overflow))
	r.completions = unsafe.Slice((*Completion)(at(p.cq.cqes)), p.cqEntries)                        //nolint:gosec // so many are mapped
	r.submissions = unsafe.Slice((*Submission)(unsafe.Pointer(&r.sqes[0])), p.sqEntries)           //nolint:gosec // a page's start
	for i, order := 0, unsafe.Slice((*uint32)(at(p.sq.array)), p.sqEntries); i < len(order); i++ { //nolint:gosec // as above
		order[i] = uint32(i) // they are submitted in the order they are in
	}
	return nil
}

// Next is an empty Submission, which the next Enter takes; nil when there is no room
// before that.
func (r *Ring) Next() *Submission {
	if r.tail-atomic.LoadUint32(r.sqHead) >= uint32(len(r.submissions)) {
		return nil
	}
	s := &r.submissions[r.tail&uint32(len(r.submissions)-1)]
	*s = Submission{}
	r.tail++
	r.queued++
	return s
}

// Queued is the number of Submissions that the kernel has not taken yet.
func (r *Ring) Queued() int { return int(r.queued) }

// Waiting reports whether Enter would find Completions to be made: packets have come.
func (r *Ring) Waiting() bool {
	return atomic.LoadUint32(r.sqFlags)&(flagTaskrun|flagOverflow) != 0
}

// Lost is the number of Completions for which the kernel had no memory.
func (r *Ring) Lost() uint32 { return atomic.LoadUint32(r.lost) }

// Enter gives the kernel what is queued, and with work it receives what has come, some
// of it if there is much: see Waiting. It does not wait. What stays Queued it could not
// take now: Completions have to be taken first, or memory is short.
func (r *Ring) Enter(work bool) error {
	atomic.StoreUint32(r.sqTail, r.tail)
	var flags uintptr
	if work {
		flags = enterGetEvents
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.queued), 0, flags, 0, 0)
	switch errno {
	case 0:
		r.queued -= min(uint32(n), r.queued)
		return nil
	case unix.EINTR, unix.EAGAIN, unix.EBUSY, unix.ENOMEM:
		return nil
	}
	return os.NewSyscallError("io_uring_enter", errno)
}

// Peek is Completions that are there, not necessarily all; none when there are none.
// They are valid until Advance.
func (r *Ring) Peek() []Completion {
	head, tail := atomic.LoadUint32(r.cqHead), atomic.LoadUint32(r.cqTail)
	size := uint32(len(r.completions))
	from := head & (size - 1)
	return r.completions[from:min(from+(tail-head), size)]
}

// Advance gives n Completions back to the kernel.
func (r *Ring) Advance(n int) {
	atomic.StoreUint32(r.cqHead, atomic.LoadUint32(r.cqHead)+uint32(n))
}

// Shut ends all that is under way; the kernel may take a moment for it. What was
// completed can still be seen with Peek, until Close.
func (r *Ring) Shut() error {
	if r.fd < 0 {
		return nil
	}
	fd := r.fd
	r.fd = -1
	return os.NewSyscallError("close", unix.Close(fd))
}

// Close is Shut, and gives the memory back.
func (r *Ring) Close() error {
	err := r.Shut()
	for _, m := range []*[]byte{&r.rings, &r.sqes} {
		if *m != nil {
			err = errors.Join(err, os.NewSyscallError("munmap", unix.Munmap(*m)))
			*m = nil
		}
	}
	return err
}
