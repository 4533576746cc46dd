package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Socket is one UDP socket that never blocks. Recv and Send are for one goroutine
// at a time, its worker; every other method may be called from anywhere, SendTo too.
//
// The system calls are made without telling Go's scheduler: they return at once,
// and the hand-over would cost as much as a packet.
type Socket struct {
	fd      int
	local   netip.AddrPort
	state   atomic.Int32 // calls under way, plus socketClosed
	aimed   atomic.Bool  // Connect was called
	release func()       // gives the port back; nil for one that Ports does not count

	refused   atomic.Uint64
	unsent    atomic.Uint64
	truncated atomic.Uint64
	overrun   atomic.Uint64

	// The worker's alone, as Recv and Send are.
	line   *line    // nil while no Exchange receives and sends for it
	stored []stored // collected by one that it left
}

// socketClosed is the bit of Socket.state that Close sets. The descriptor goes
// when the last call under way returns, so a number is never used after the
// kernel gave it to another socket.
const socketClosed = 1 << 30

// SocketStats counts what a socket lost. Numbers grow only.
type SocketStats struct {
	// Refused is the ICMP errors that came back: nobody listens at the peer.
	Refused uint64
	// Unsent is the packets the kernel did not take: no room in its buffers, a
	// filter rule, no route, or no peer yet.
	Unsent uint64
	// Truncated is the packets received that were longer than a Batch's slot.
	Truncated uint64
	// Overrun is the packets that an Exchange dropped because too many came at once.
	// What the kernel drops for the same reason nobody counts.
	Overrun uint64
}

// socketOptions is what Ports sets on each socket.
type socketOptions struct {
	receiveBuffer, sendBuffer int // bytes
	dscp                      int
}

// listen opens a socket bound to local; port 0 lets the kernel choose. The error
// keeps the system's errno.
func listen(local netip.AddrPort, opt socketOptions) (*Socket, error) {
	sa, err := sockaddr(local)
	if err != nil {
		return nil, err
	}
	af := family(local.Addr().Unmap())
	fd, err := unix.Socket(af, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &Socket{fd: fd}
	if err := s.setup(af, sa, opt); err != nil {
		return nil, errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
	}
	return s, nil
}

func (s *Socket) setup(af int, sa unix.Sockaddr, opt socketOptions) error {
	type option struct{ level, name, value int }
	options := []option{
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		{unix.SOL_SOCKET, unix.SO_RCVBUF, opt.receiveBuffer},
		{unix.SOL_SOCKET, unix.SO_SNDBUF, opt.sendBuffer},
	}
	if af == unix.AF_INET {
		options = append(options, option{unix.IPPROTO_IP, unix.IP_TOS, opt.dscp << 2})
	} else {
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1},
			option{unix.IPPROTO_IPV6, unix.IPV6_TCLASS, opt.dscp << 2})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(s.fd, o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Bind(s.fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	got, err := unix.Getsockname(s.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	switch got := got.(type) {
	case *unix.SockaddrInet4:
		s.local = netip.AddrPortFrom(netip.AddrFrom4(got.Addr), uint16(got.Port))
	case *unix.SockaddrInet6:
		s.local = netip.AddrPortFrom(netip.AddrFrom16(got.Addr), uint16(got.Port))
	}
	return nil
}

// SetBuffers has the kernel keep so many bytes of what comes, and of what is to go, as far
// as it allows.
func (s *Socket) SetBuffers(size int) error {
	for _, name := range [...]int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, name, size); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}

// LocalAddr is the address and port the socket is bound to; the address is
// unspecified when Ports was told so.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// Connect makes remote the peer: Send goes there, and the kernel drops what comes
// from elsewhere. It may be called again for another peer; packets of the former
// one that already arrived are still received, with their From.
func (s *Socket) Connect(remote netip.AddrPort) error {
	if !remote.IsValid() || remote.Addr().IsUnspecified() || remote.Port() == 0 {
		return fault.New(fault.Invalid, "rtp: connect to %v: no such peer", remote)
	}
	if remote.Addr().Unmap().Is4() != s.local.Addr().Is4() {
		return fault.New(fault.Invalid, "rtp: connect to %v from %v: other address family", remote, s.local)
	}
	sa, err := sockaddr(remote)
	if err != nil {
		return err
	}
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	if s.aimed.Swap(true) && s.local.Addr().IsUnspecified() {
		if err := s.dissolve(); err != nil {
			return fault.New(fault.Unreachable, "rtp: leave the peer before %v: %w", remote, err)
		}
	}
	if err := unix.Connect(s.fd, sa); err != nil {
		return fault.New(fault.Unreachable, "rtp: connect to %v: %w", remote, err)
	}
	return nil
}

// dissolve ends the association with a peer, see connect(2). The kernel chose a
// source address for that peer and would keep it, though the next one may be
// reached through another interface. The port stays, as it was bound by number.
func (s *Socket) dissolve() error {
	none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd),
		uintptr(unsafe.Pointer(&none)), //nolint:gosec // the kernel reads it during the call
		unix.SizeofSockaddrInet4)
	if errno != 0 {
		return errno
	}
	return nil
}

// Recv fills b with packets that wait in the socket and returns their number, 0
// when there is none. It never blocks. When it fills every slot there may be
// more. The errors that ICMP left behind are counted and passed over; an error
// that is returned means that the socket is of no more use.
func (s *Socket) Recv(b *Batch) (int, error) {
	b.rearm()
	if n, ok, err := s.recvCollected(b); ok {
		return n, err
	}
	if !s.enter() {
		return 0, net.ErrClosed
	}
	defer s.leave()
	// Each ICMP error costs one call; more than these in a row can wait for the
	// next tick.
	for range 4 {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd),
			uintptr(unsafe.Pointer(&b.msgs[0])), //nolint:gosec // the kernel fills it during the call
			uintptr(len(b.msgs)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == 0:
			b.n = int(n)
			s.countTruncated(b)
			return b.n, nil
		case errno == unix.EAGAIN:
			return 0, nil
		case errno == unix.EINTR:
		case pending(errno):
			s.refused.Add(1)
		default:
			return 0, fmt.Errorf("rtp: receive on %v: %w", s.local, errno)
		}
	}
	return 0, nil
}

func (s *Socket) countTruncated(b *Batch) {
	for i := range b.n {
		if b.Truncated(i) {
			s.truncated.Add(1)
		}
	}
}

// Send gives one packet to the peer of Connect, at once, or at the next Flush of the
// Exchange that the socket is attached to. It never blocks and keeps nothing of packet.
// A packet that the network could have lost as well (no buffer, no route, no peer) is
// counted and is no error; an error means that the socket is of no more use. An Exchange
// tells it with the next packet.
func (s *Socket) Send(packet []byte) error {
	if len(packet) == 0 {
		return nil
	}
	if s.line != nil {
		return s.line.send(packet)
	}
	return s.sendNow(packet)
}

func (s *Socket) sendNow(packet []byte) error {
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	// A waiting ICMP error is reported instead of sending, once: so try again.
	for range 3 {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd),
			uintptr(unsafe.Pointer(&packet[0])), //nolint:gosec // the kernel reads it during the call
			uintptr(len(packet)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == 0 {
			return nil
		}
		if again, err := s.notSent(errno); !again {
			return err
		}
	}
	s.unsent.Add(1)
	return nil
}

// notSent counts a packet that was not sent, unless it is to be sent again; or tells
// that the socket is of no more use.
func (s *Socket) notSent(errno unix.Errno) (again bool, err error) {
	switch {
	case errno == unix.EINTR:
		return true, nil
	case errno == unix.ECONNREFUSED:
		s.refused.Add(1)
		return true, nil
	case pending(errno), unsent(errno):
		s.unsent.Add(1)
		return false, nil
	}
	return false, fmt.Errorf("rtp: send from %v: %w", s.local, errno)
}

// pending reports whether an error is what an ICMP message left on the socket.
func pending(errno unix.Errno) bool {
	switch errno {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ENOPROTOOPT,
		unix.EHOSTDOWN, unix.ENONET, unix.EMSGSIZE, unix.EPROTO:
		return true
	}
	return false
}

// unsent reports whether an error means that this packet alone is lost.
func unsent(errno unix.Errno) bool {
	switch errno {
	case unix.EAGAIN, unix.ENOBUFS, unix.ENOMEM, unix.EPERM, unix.EACCES, unix.EINVAL,
		unix.EDESTADDRREQ, unix.ENOTCONN, unix.EADDRNOTAVAIL, unix.ENETDOWN:
		return true
	}
	return false
}

// Stats reads the counters.
func (s *Socket) Stats() SocketStats {
	return SocketStats{Refused: s.refused.Load(), Unsent: s.unsent.Load(), Truncated: s.truncated.Load(), Overrun: s.overrun.Load()}
}

// Close closes the socket and gives its port back, once. A call under way on
// another goroutine ends first; afterwards Recv, Send, Connect and Close give
// net.ErrClosed.
func (s *Socket) Close() error {
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
func (s *Socket) enter() bool {
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

func (s *Socket) leave() {
	if s.state.Add(-1) != socketClosed {
		return
	}
	// Closing a UDP socket flushes nothing, and Linux frees the descriptor
	// whatever it answers.
	_ = unix.Close(s.fd)
	if s.release != nil {
		s.release()
	}
}
