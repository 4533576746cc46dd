package rtp

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SendTo is Send to a peer that the socket is not connected to: while the peer's
// true address is still to be learnt (RFC 4961), whoever it is may answer. An
// IPv6 zone is not sent to.
func (s *Socket) SendTo(packet []byte, to netip.AddrPort) error {
	if len(packet) == 0 {
		return nil
	}
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	var raw [sockaddrBytes]byte
	size := putSockaddr(&raw, to)
	for range 3 {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd),
			uintptr(unsafe.Pointer(&packet[0])), //nolint:gosec // the kernel reads it during the call
			uintptr(len(packet)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(&raw[0])), //nolint:gosec // as above
			uintptr(size))
		switch {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.ECONNREFUSED:
			s.refused.Add(1)
		case pending(errno), unsent(errno), errno == unix.EAFNOSUPPORT:
			s.unsent.Add(1)
			return nil
		default:
			return fmt.Errorf("rtp: send from %v to %v: %w", s.local, to, errno)
		}
	}
	s.unsent.Add(1)
	return nil
}

// Disconnect undoes Connect: packets from anywhere are received again, and Send
// has no peer.
func (s *Socket) Disconnect() error {
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	if err := s.dissolve(); err != nil {
		return fmt.Errorf("rtp: disconnect %v: %w", s.local, err)
	}
	s.aimed.Store(false)
	// The kernel takes back a port that it chose itself.
	got, err := unix.Getsockname(s.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if port(got) == s.local.Port() {
		return nil
	}
	sa, err := sockaddr(s.local)
	if err != nil {
		return err
	}
	if err := unix.Bind(s.fd, sa); err != nil {
		return fmt.Errorf("rtp: bind %v again: %w", s.local, err)
	}
	return nil
}

func port(sa unix.Sockaddr) uint16 {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}
