package traffic

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batch        = 64
	messageBytes = 4096
	// buffered is asked of the kernel: all phones are answered at once.
	buffered = 8 << 20
)

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// messages is the memory of one system call.
type messages struct {
	headers [batch]mmsghdr
	iovs    [batch]unix.Iovec
	data    [batch][messageBytes]byte
}

func newMessages() *messages {
	m := new(messages)
	for i := range m.headers {
		m.iovs[i].Base = &m.data[i][0]
		m.iovs[i].SetLen(messageBytes)
		m.headers[i].hdr.Iov = &m.iovs[i]
		m.headers[i].hdr.SetIovlen(1)
	}
	return m
}

// socket is a UDP socket that talks with one peer, and one that takes media and drops it.
type socket struct {
	fd, media int
	port      uint16
	mediaPort uint16
	in, out   *messages
	queued    int
	// unsent counts what the kernel would not take; it is sent again as what is lost.
	unsent uint64
}

func openSocket(local netip.Addr) (_ *socket, err error) {
	s := &socket{in: newMessages(), out: newMessages()}
	if s.fd, s.port, err = bound(local); err != nil {
		return nil, err
	}
	if s.media, s.mediaPort, err = bound(local); err != nil {
		return nil, errors.Join(err, unix.Close(s.fd))
	}
	return s, nil
}

func bound(local netip.Addr) (fd int, port uint16, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return -1, 0, os.NewSyscallError("socket", err)
	}
	port, err = func() (uint16, error) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffered) != nil { // for root alone
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffered); err != nil {
				return 0, os.NewSyscallError("setsockopt", err)
			}
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: local.As4()}); err != nil {
			return 0, os.NewSyscallError("bind", err)
		}
		name, err := unix.Getsockname(fd)
		if err != nil {
			return 0, os.NewSyscallError("getsockname", err)
		}
		v4, ok := name.(*unix.SockaddrInet4)
		if !ok {
			return 0, fmt.Errorf("bound to %v, no IPv4 address", name)
		}
		return uint16(v4.Port), nil
	}()
	if err != nil {
		return -1, 0, errors.Join(err, unix.Close(fd))
	}
	return fd, port, nil
}

func (s *socket) connect(peer netip.AddrPort) error {
	return os.NewSyscallError("connect", unix.Connect(s.fd, &unix.SockaddrInet4{Addr: peer.Addr().As4(), Port: int(peer.Port())}))
}

func (s *socket) close() error { return errors.Join(unix.Close(s.fd), unix.Close(s.media)) }

// put queues a message. Longer ones than there is room for are none of ours.
func (s *socket) put(b []byte) {
	if s.queued == batch {
		s.flush()
	}
	s.iovLen(copy(s.out.data[s.queued][:], b))
	s.queued++
}

func (s *socket) iovLen(n int) { s.out.iovs[s.queued].SetLen(n) }

// flush sends what is queued.
func (s *socket) flush() {
	for first := 0; first < s.queued; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.out.headers[first])), //nolint:gosec // the kernel reads it during the call
			uintptr(s.queued-first), unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			first += int(n)
		case unix.EINTR:
		default: // a full buffer, or an ICMP error of an earlier message
			s.unsent++
			first++
		}
	}
	s.queued = 0
}

// receive takes what has come, waiting so long for it at the most.
func (s *socket) receive(wait time.Duration) int {
	for waited := false; ; waited = true {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&s.in.headers[0])), //nolint:gosec // the kernel fills it during the call
			batch, unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == 0:
			return int(n)
		case errno == unix.EINTR:
		case waited:
			return 0
		default:
			fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
			if _, err := unix.Poll(fds, int(wait.Milliseconds())); err != nil && !errors.Is(err, unix.EINTR) {
				return 0
			}
		}
	}
}

func (s *socket) message(i int) []byte {
	return s.in.data[i][:min(s.in.headers[i].len, messageBytes)]
}

// drop empties the media socket, whose buffer would fill else.
func (s *socket) drop() {
	for range batch {
		if _, _, err := unix.Recvfrom(s.media, s.out.data[0][:0], unix.MSG_DONTWAIT); err != nil {
			return
		}
	}
}
