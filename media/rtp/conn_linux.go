package rtp

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Conn gives the socket as a connection of Go's, for goroutines that wait for its packets
// instead of a worker that looks for them (facsimiles). It is the caller's to close; the
// port is given back when the Socket is closed too. Recv and Send are not for a socket
// that has a Conn.
func (s *Socket) Conn() (*net.UDPConn, error) {
	if !s.enter() {
		return nil, net.ErrClosed
	}
	defer s.leave()
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "rtp: second descriptor of %v: %w", s.local, os.NewSyscallError("fcntl", err))
	}
	f := os.NewFile(uintptr(fd), "udp")
	c, err := net.FilePacketConn(f) // with a descriptor of its own
	err = errors.Join(err, f.Close())
	udp, ok := c.(*net.UDPConn)
	if err != nil || !ok {
		if ok {
			err = errors.Join(err, udp.Close())
		}
		return nil, fault.New(fault.Unavailable, "rtp: connection of %v: %w", s.local, err)
	}
	return udp, nil
}
