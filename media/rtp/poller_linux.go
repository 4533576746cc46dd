package rtp

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Poller waits for packets on any number of sockets (epoll(7)). Wait is for one
// goroutine; every other method may be called from anywhere, but Close, which ends all.
type Poller struct {
	fd, wake int
	events   []unix.EpollEvent
}

// woken is the id of the Poller's own descriptor; sockets have others.
const woken = -1

// NewPoller opens a Poller. The error is of kind fault.Unavailable.
func NewPoller() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "rtp: poller: %w", os.NewSyscallError("epoll_create", err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "rtp: poller: %w", errors.Join(os.NewSyscallError("eventfd", err), unix.Close(fd)))
	}
	p := &Poller{fd: fd, wake: wake, events: make([]unix.EpollEvent, 64)}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: woken}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, wake, &ev); err != nil {
		return nil, fault.New(fault.Unavailable, "rtp: poller: %w", errors.Join(os.NewSyscallError("epoll_ctl", err), p.Close()))
	}
	return p, nil
}

// Add has Wait tell id, 0 or more, once packets wait in a socket; once, until Again. A
// socket that is closed leaves by itself.
func (p *Poller) Add(s *Socket, id int32) error { return p.control(s, unix.EPOLL_CTL_ADD, id) }

// Again has Wait tell a socket that it told once more.
func (p *Poller) Again(s *Socket, id int32) error { return p.control(s, unix.EPOLL_CTL_MOD, id) }

func (p *Poller) control(s *Socket, how int, id int32) error {
	if !s.enter() {
		return nil // closed: it will not be heard of any more
	}
	defer s.leave()
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: id}
	if err := unix.EpollCtl(p.fd, how, s.fd, &ev); err != nil {
		return fault.New(fault.Unavailable, "rtp: poll %v: %w", s.local, err)
	}
	return nil
}

// Wait waits for packets, for Wake, or until a time has passed, and appends the ids of
// the sockets in which packets wait. An error means that the Poller is of no more use.
func (p *Poller) Wait(timeout time.Duration, ids []int32) ([]int32, error) {
	ms := int(min(max((timeout+time.Millisecond-1)/time.Millisecond, 0), 1<<30))
	n, err := unix.EpollWait(p.fd, p.events, ms)
	if errors.Is(err, unix.EINTR) {
		return ids, nil
	}
	if err != nil {
		return ids, fmt.Errorf("rtp: poll: %w", os.NewSyscallError("epoll_wait", err))
	}
	for i := range n {
		if id := p.events[i].Fd; id != woken {
			ids = append(ids, id)
			continue
		}
		var count [8]byte
		// It is there to be read, or somebody has; either way it is empty now.
		_, _ = unix.Read(p.wake, count[:])
	}
	return ids, nil
}

// Wake ends a Wait, or the next one.
func (p *Poller) Wake() {
	one := [8]byte{7: 1, 0: 1} // a number above 0 whatever the order of bytes
	// It fails only when it was woken 2⁶⁴ times.
	_, _ = unix.Write(p.wake, one[:])
}

// Close ends the Poller, after the last Wait.
func (p *Poller) Close() error {
	return errors.Join(os.NewSyscallError("close", unix.Close(p.wake)), os.NewSyscallError("close", unix.Close(p.fd)))
}
