package rtp

import (
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Departures are packets that leave a Shared together, by one system call for all
// (sendmmsg(2)). They are for one goroutine at a time.
type Departures struct {
	size  int // bytes of a slot
	n     int // slots filled
	done  int // of them that the kernel has taken, or refused
	lost  int
	data  []byte
	msgs  []mmsghdr
	iovs  []unix.Iovec
	names [][sockaddrBytes]byte
}

// NewDepartures makes room for slots packets of at most slotBytes each.
func NewDepartures(slots, slotBytes int) *Departures {
	d := &Departures{
		size: slotBytes, data: make([]byte, slots*slotBytes), msgs: make([]mmsghdr, slots),
		iovs: make([]unix.Iovec, slots), names: make([][sockaddrBytes]byte, slots),
	}
	for i := range d.msgs {
		d.iovs[i].Base = &d.data[i*slotBytes]
		h := &d.msgs[i].hdr
		h.Name = &d.names[i][0]
		h.Iov = &d.iovs[i]
		h.SetIovlen(1)
	}
	return d
}

// Slot is the memory of the next packet; nil when there is no more room.
func (d *Departures) Slot() []byte {
	if d.n == len(d.msgs) {
		return nil
	}
	return d.data[d.n*d.size : (d.n+1)*d.size : (d.n+1)*d.size]
}

// Add takes the first size bytes of what Slot gave for a packet to an address.
func (d *Departures) Add(size int, to netip.AddrPort) {
	d.iovs[d.n].SetLen(size)
	d.msgs[d.n].hdr.Namelen = uint32(putSockaddr(&d.names[d.n], to))
	d.n++
}

// Len is how many packets wait.
func (d *Departures) Len() int { return d.n }

// SendAll sends what waits, and there is room again. It never waits; what the kernel does
// not take is counted and lost. The error is net.ErrClosed.
func (s *Shared) SendAll(d *Departures) error {
	if d.n == 0 {
		return nil
	}
	if !s.enter() {
		return net.ErrClosed
	}
	defer s.leave()
	d.done, d.lost = 0, 0
	d.send(s.fd)
	d.n = 0
	s.unsent.Add(uint64(d.lost))
	return nil
}

func (d *Departures) send(fd uintptr) {
	for tries := 0; d.done < d.n; {
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd,
			uintptr(unsafe.Pointer(&d.msgs[d.done])), //nolint:gosec // the kernel reads it during the call
			uintptr(d.n-d.done), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch {
		case errno == 0:
			d.done += int(sent)
			tries = 0
		case tries < 2 && (errno == unix.EINTR || pending(errno)): // about another packet
			tries++
		default: // the kernel tells the error of the first of those left
			d.done++
			d.lost++
			tries = 0
		}
	}
}
