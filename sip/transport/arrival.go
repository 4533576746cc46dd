package transport

import (
	"encoding/binary"
	"net"
	"syscall"
	"time"
)

// controlBytes is room for what the kernel tells of a datagram.
const controlBytes = 128

// stampArrivals asks the kernel to tell when each datagram came (SO_TIMESTAMPNS,
// socket(7)). Where it does not, nothing is told.
func stampArrivals(pc *net.UDPConn) {
	raw, err := pc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // a socket that is closed already tells nothing
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1) //nolint:gosec // a descriptor; as above
	})
}

// The layout of a control message on machines of 64 bits (cmsg(3)): length, level, type,
// then a timespec.
const (
	controlHead  = 16
	controlStamp = controlHead + 16
)

// arrival is the time of arrival among a datagram's control messages.
func arrival(b []byte) (time.Time, bool) {
	order := binary.NativeEndian
	for len(b) >= controlHead {
		size := order.Uint64(b)
		if size < controlHead || size > uint64(len(b)) {
			return time.Time{}, false
		}
		if order.Uint32(b[8:]) == syscall.SOL_SOCKET && order.Uint32(b[12:]) == syscall.SO_TIMESTAMPNS && size >= controlStamp {
			return time.Unix(int64(order.Uint64(b[16:])), int64(order.Uint64(b[24:]))), true //nolint:gosec // as the kernel has it
		}
		b = b[min(uint64(len(b)), (size+7)&^7):]
	}
	return time.Time{}, false
}
