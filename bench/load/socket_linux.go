package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiveBytes is the buffer that is asked for: a server with one large room sends
// everything at once.
const receiveBytes = 4 << 20

// socket is a UDP socket that many legs share, each with a peer of its own, and the one
// on the port above it, which takes the peers' RTCP and never looks at it.
type socket struct {
	fd, rtcp int
	port     uint16
}

// openSocket opens a pair of ports on address, an even one and the next.
func openSocket(address netip.Addr) (*socket, error) {
	for range 200 {
		fd, port, err := listen(address, 0)
		if err != nil {
			return nil, err
		}
		if port%2 == 0 {
			rtcp, _, err := listen(address, port+1)
			if err == nil {
				return &socket{fd, rtcp, port}, nil
			}
			if !errors.Is(err, unix.EADDRINUSE) {
				return nil, errors.Join(err, unix.Close(fd))
			}
		}
		if err := unix.Close(fd); err != nil {
			return nil, os.NewSyscallError("close", err)
		}
	}
	return nil, fmt.Errorf("no two neighbouring ports are free on %v", address)
}

func (s *socket) close() error { return errors.Join(unix.Close(s.fd), unix.Close(s.rtcp)) }

func listen(address netip.Addr, port uint16) (fd int, bound uint16, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return -1, 0, os.NewSyscallError("socket", err)
	}
	bound, err = func() (uint16, error) {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
			return 0, os.NewSyscallError("setsockopt", err)
		}
		// What the kernel's limit leaves of it will do.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBytes); err != nil {
			return 0, os.NewSyscallError("setsockopt", err)
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: address.As4(), Port: int(port)}); err != nil {
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
	return fd, bound, nil
}

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// sendQueue is packets that one system call sends, each to a peer of its own. The
// headers are made once; a packet is two pieces, its header and a payload that is shared.
type sendQueue struct {
	msgs  []mmsghdr
	iovs  [][2]unix.Iovec
	peers []unix.RawSockaddrInet4
}

func newSendQueue(size int) *sendQueue {
	q := &sendQueue{make([]mmsghdr, size), make([][2]unix.Iovec, size), make([]unix.RawSockaddrInet4, size)}
	for i := range q.msgs {
		h := &q.msgs[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&q.peers[i])) //nolint:gosec // as sendmmsg wants it
		h.Namelen = unix.SizeofSockaddrInet4
		h.Iov = &q.iovs[i][0]
		h.SetIovlen(2)
	}
	return q
}

func (q *sendQueue) aim(i int, peer netip.AddrPort) {
	a := &q.peers[i]
	a.Family = unix.AF_INET
	a.Addr = peer.Addr().As4()
	port := (*[2]byte)(unsafe.Pointer(&a.Port)) //nolint:gosec // two bytes, in network order
	binary.BigEndian.PutUint16(port[:], peer.Port())
}

func (q *sendQueue) put(i int, header, payload []byte) {
	v := &q.iovs[i]
	v[0].Base = &header[0]
	v[0].SetLen(len(header))
	v[1].Base = &payload[0]
	v[1].SetLen(len(payload))
}

// send sends packets from first to before end; it gives how many the kernel took. A
// packet that it refuses is passed over.
func (q *sendQueue) send(fd, first, end int) (taken int) {
	for first < end {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd),
			uintptr(unsafe.Pointer(&q.msgs[first])), //nolint:gosec // the kernel reads it during the call
			uintptr(end-first), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			first++
		default:
			taken, first = taken+int(n), first+int(n)
		}
	}
	return taken
}

const (
	// BatchPackets is how many one system call reads.
	BatchPackets = 64
	batchBytes   = 1600
)

// ReceiveBatch is the memory that one recvmmsg fills.
type ReceiveBatch struct {
	msgs    [BatchPackets]mmsghdr
	iovs    [BatchPackets]unix.Iovec
	peers   [BatchPackets]unix.RawSockaddrInet4
	control [BatchPackets][64]byte
	data    [BatchPackets][batchBytes]byte
}

// NewReceiveBatch makes one.
func NewReceiveBatch() *ReceiveBatch {
	b := new(ReceiveBatch)
	for i := range b.msgs {
		h := &b.msgs[i].hdr
		b.iovs[i].Base = &b.data[i][0]
		b.iovs[i].SetLen(batchBytes)
		h.Name = (*byte)(unsafe.Pointer(&b.peers[i])) //nolint:gosec // as recvmmsg wants it
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		h.Control = &b.control[i][0]
	}
	return b
}

// Receive fills the batch with what waits in a socket.
func (b *ReceiveBatch) Receive(fd int) int {
	for i := range b.msgs {
		b.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
		b.msgs[i].hdr.SetControllen(len(b.control[i]))
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd),
			uintptr(unsafe.Pointer(&b.msgs[0])), //nolint:gosec // the kernel fills it during the call
			BatchPackets, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n)
		case unix.EINTR:
		default: // nothing waits
			return 0
		}
	}
}

// Packet is one that came.
func (b *ReceiveBatch) Packet(i int) []byte { return b.data[i][:min(b.msgs[i].len, batchBytes)] }

// Port is that of who sent the packet.
func (b *ReceiveBatch) Port(i int) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&b.peers[i].Port))[:]) //nolint:gosec // two bytes, in network order
}

// Arrival is when the kernel had the packet; 0 if it does not say.
func (b *ReceiveBatch) Arrival(i int) int64 {
	if b.msgs[i].hdr.Controllen < uint64(unix.CmsgSpace(16)) {
		return 0
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&b.control[i][0])) //nolint:gosec // long enough
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&b.control[i][unix.CmsgLen(0)])) //nolint:gosec // as above
	return ts.Nano()
}
