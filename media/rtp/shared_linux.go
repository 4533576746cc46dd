package rtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Shared is a UDP socket that many peers share. Unlike a Socket it is no worker's: one
// goroutine reads it and sleeps in Go's network poller meanwhile. Anybody may send.
type Shared struct {
	conn  *net.UDPConn
	raw   syscall.RawConn
	fd    uintptr // of conn, while it is open
	local netip.AddrPort
	state atomic.Int32 // calls under way, plus socketClosed

	unsent    atomic.Uint64
	truncated atomic.Uint64

	// What raw.Read is given is made once, as a closure allocates.
	read  func(fd uintptr) bool
	batch *Batch
	errno unix.Errno
}

// ListenShared opens a socket bound to local, with room for about buffer bytes each way
// as far as the system grants it. The error keeps the system's errno.
func ListenShared(local netip.AddrPort, buffer int) (*Shared, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, err
	}
	s := &Shared{conn: conn}
	if err := s.setup(buffer); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (s *Shared) setup(buffer int) error {
	at := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.local = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	// The system may grant less; then the default has to do.
	_ = s.conn.SetReadBuffer(buffer)
	_ = s.conn.SetWriteBuffer(buffer)
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	s.raw, s.read = raw, s.receive
	var option error
	err = raw.Control(func(fd uintptr) {
		s.fd = fd
		option = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
	})
	return errors.Join(err, option)
}

// LocalAddr is the address and port that the socket is bound to.
func (s *Shared) LocalAddr() netip.AddrPort { return s.local }

// Unsent is how many packets the kernel did not take.
func (s *Shared) Unsent() uint64 { return s.unsent.Load() }

// Truncated is how many packets were longer than a Batch's slot, whose rest is lost.
func (s *Shared) Truncated() uint64 { return s.truncated.Load() }

// Recv waits for packets and fills b with those that are there. It is for one goroutine
// at a time. net.ErrClosed says that the socket is closed; any other error is about a
// packet or a passing want, and the socket goes on.
func (s *Shared) Recv(b *Batch) (int, error) {
	b.rearm()
	s.batch, s.errno = b, 0
	if err := s.raw.Read(s.read); err != nil {
		if errors.Is(err, net.ErrClosed) {
			return 0, net.ErrClosed
		}
		return 0, fmt.Errorf("rtp: receive on %v: %w", s.local, err)
	}
	if s.errno != 0 {
		return 0, fmt.Errorf("rtp: receive on %v: %w", s.local, s.errno)
	}
	for i := range b.n {
		if b.Truncated(i) {
			s.truncated.Add(1)
		}
	}
	return b.n, nil
}

// receive is one look at the socket; false has the poller wait for more.
func (s *Shared) receive(fd uintptr) bool {
	b := s.batch
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd,
		uintptr(unsafe.Pointer(&b.msgs[0])), //nolint:gosec // the kernel fills it during the call
		uintptr(len(b.msgs)), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		b.n = int(n)
	case unix.EAGAIN:
		return false
	case unix.EINTR:
	default:
		s.errno = errno
	}
	return true
}

// SendTo gives one packet to a peer. It never waits and keeps nothing of packet. What the
// network could have lost as well is counted and is no error; net.ErrClosed is one. An
// IPv6 zone is not sent to.
func (s *Shared) SendTo(packet []byte, to netip.AddrPort) error {
	if len(packet) == 0 {
		return nil
	}
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	var name [sockaddrBytes]byte
	size := putSockaddr(&name, to)
	// An ICMP error about an earlier packet, to anybody, is told instead of sending.
	for range 3 {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, s.fd,
			uintptr(unsafe.Pointer(&packet[0])), //nolint:gosec // the kernel reads it during the call
			uintptr(len(packet)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(&name[0])), //nolint:gosec // as above
			uintptr(size))
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR && !pending(errno) {
			break
		}
	}
	s.unsent.Add(1)
	return nil
}

// Close closes the socket, once. Recv ends, and so does a call under way on another
// goroutine before the descriptor goes.
func (s *Shared) Close() error {
	for {
		v := s.state.Load()
		if v&socketClosed != 0 {
			return net.ErrClosed
		}
		if s.state.CompareAndSwap(v, (v+1)|socketClosed) {
			s.leave()
			return nil
		}
	}
}

// enter keeps the descriptor open until leave; false when it is closed.
func (s *Shared) enter() bool {
	for {
		v := s.state.Load()
		if v&socketClosed != 0 {
			return false
		}
		if s.state.CompareAndSwap(v, v+1) {
			return true
		}
	}
}

func (s *Shared) leave() {
	if s.state.Add(-1) == socketClosed {
		_ = s.conn.Close() // whatever it answers, the descriptor is gone
	}
}

// putSockaddr writes an address as the kernel reads it and returns its length.
func putSockaddr(raw *[sockaddrBytes]byte, to netip.AddrPort) int {
	addr := to.Addr().Unmap()
	binary.BigEndian.PutUint16(raw[2:], to.Port())
	if addr.Is4() {
		binary.NativeEndian.PutUint16(raw[:], unix.AF_INET)
		ip := addr.As4()
		copy(raw[4:], ip[:])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(raw[:], unix.AF_INET6)
	clear(raw[4:8])
	ip := addr.As16()
	copy(raw[8:], ip[:])
	clear(raw[24:])
	return unix.SizeofSockaddrInet6
}
