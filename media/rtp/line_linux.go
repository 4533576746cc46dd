package rtp

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/media/rtp/internal/uring"
)

// line is a socket at its Exchange, and the packets that wait to be read from it.
type line struct {
	exchange *Exchange
	sock     *Socket
	index    int32
	state    lineState
	waits    bool   // is in Exchange.begin
	resting  bool   // is to rest once it is shut
	rested   uint64 // sweep from which it is received from again
	err      error  // of a Send, to be told by the next

	first, last uint16 // buffers
	n           int
}

// lineState tells who receives from a socket.
type lineState uint8

const (
	lineShut   lineState = iota // Recv does, by itself, once what waits is read
	lineOpen                    // the kernel, for the Exchange
	lineEnding                  // it still does, until it has seen the cancellation
)

// stored is a packet that was collected for a socket which then left its Exchange.
type stored struct {
	packet    []byte
	from      [sockaddrBytes]byte
	control   []byte
	truncated bool
}

func (x *Exchange) beginSoon(l *line) {
	if !l.waits {
		l.waits = true
		x.begin = append(x.begin, l)
	}
}

// beginAll has the kernel receive for those that it does not receive for, as long as it
// has where to.
func (x *Exchange) beginAll() {
	n := 0
	for n < len(x.begin) && x.buffers.Lent() >= exchangeLent/4 {
		s := x.submission()
		if s == nil {
			break
		}
		l := x.begin[n]
		n++
		s.Op, s.FD = uring.OpReceiveMessage, int32(l.sock.fd)
		s.Flags, s.Priority, s.Group = uring.SelectBuffer, uring.ReceiveMany, exchangeTag
		s.Addr, s.Len = uint64(uintptr(unsafe.Pointer(x.header))), 1 //nolint:gosec // kept by x
		s.UserData = tagReceive | uint64(uint32(l.index))
		l.waits, l.resting, l.state = false, false, lineOpen
	}
	x.begin = append(x.begin[:0], x.begin[n:]...)
}

// cancel has the kernel no longer receive for a line, which is open, soon.
func (x *Exchange) cancel(l *line) {
	if s := x.submission(); s != nil {
		x.cancelBy(s, l)
	}
}

func (x *Exchange) cancelBy(s *uring.Submission, l *line) {
	s.Op, s.FD = uring.OpCancel, -1
	s.Addr = tagReceive | uint64(uint32(l.index))
	s.UserData = tagCancel
	l.state = lineEnding
}

// received is a packet, or the end of receiving, or both.
func (x *Exchange) received(l *line, c *uring.Completion) {
	if id, ok := c.Buffer(); ok {
		x.buffers.Took()
		switch {
		case l == nil, c.Result < int32(packetAt): // an error
			x.buffers.Free(id)
		case l.n >= lineLimit:
			x.buffers.Free(id)
			l.sock.overrun.Add(1)
		default:
			if l.n == 0 {
				l.first = id
			} else {
				x.next[l.last] = id
			}
			l.last = id
			l.n++
			l.resting = l.resting || l.n >= lineFull
		}
	}
	if l == nil {
		return
	}
	if c.More() {
		if l.resting && l.state == lineOpen {
			if s := x.ring.Next(); s != nil {
				x.cancelBy(s, l)
			}
		}
		return
	}
	l.state = lineShut
	errno := unix.Errno(0)
	if c.Result < 0 {
		errno = unix.Errno(-c.Result)
	}
	switch {
	case l.resting:
		l.rested = x.sweeps + restSweeps
		x.resting = append(x.resting, l)
	case errno == unix.ECANCELED: // by Detach
	case errno == 0, errno == unix.ENOBUFS, errno == unix.ENOMEM, errno == unix.EAGAIN, errno == unix.EINTR:
		x.beginSoon(l)
	case pending(errno):
		l.sock.refused.Add(1)
		x.beginSoon(l)
	default: // Recv itself finds what it is
	}
}

// recvCollected is Recv of what an Exchange collected; false when the socket itself has
// to be looked at.
func (s *Socket) recvCollected(b *Batch) (n int, ok bool, err error) {
	if s.line == nil && s.stored == nil {
		return 0, false, nil
	}
	if s.state.Load()&socketClosed != 0 {
		return 0, true, net.ErrClosed
	}
	switch {
	case s.stored != nil:
		n, ok = s.recvStored(b), true
	default:
		n, ok = s.line.recv(b)
	}
	s.countTruncated(b)
	return n, ok, nil
}

// recv fills b with what waits; false when the socket itself has to be looked at.
func (l *line) recv(b *Batch) (int, bool) {
	if l.n == 0 {
		return 0, l.state != lineShut
	}
	x := l.exchange
	b.lender = x
	for l.n > 0 && b.n < len(b.lent) {
		id := l.first
		l.first = x.next[id]
		l.n--
		x.read(id, b.size, &b.lent[b.n])
		b.n++
	}
	return b.n, true
}

// read takes a buffer apart. Packets are cut at size.
func (x *Exchange) read(id uint16, size int, to *lent) {
	p := x.buffers.Bytes(id)
	h := (*uring.MessageHeader)(unsafe.Pointer(&p[0])) //nolint:gosec // a buffer is longer, and aligned
	size = min(size, len(p)-packetAt)
	n := min(int(h.Bytes), size)
	to.id = id
	to.packet = p[packetAt : packetAt+n : packetAt+size]
	to.from = (*[sockaddrBytes]byte)(p[nameAt:])
	to.control = p[controlAt : controlAt+min(int(h.ControlBytes), maxControlBytes)]
	to.truncated = int(h.Bytes) > n || h.Flags&unix.MSG_TRUNC != 0
}

// keep keeps what waits at a line for the socket itself.
func (s *Socket) keep(l *line) {
	x := l.exchange
	for ; l.n > 0; l.n-- {
		id := l.first
		l.first = x.next[id]
		var p lent
		x.read(id, len(x.buffers.Bytes(id)), &p)
		s.stored = append(s.stored, stored{
			packet: append([]byte(nil), p.packet...), from: *p.from,
			control: append([]byte(nil), p.control...), truncated: p.truncated,
		})
		x.buffers.Free(id)
	}
}

// recvStored fills b with what was collected where the socket was before.
func (s *Socket) recvStored(b *Batch) int {
	for len(s.stored) > 0 && b.n < len(b.msgs) {
		p := &s.stored[0]
		h := &b.msgs[b.n].hdr
		at := b.n * b.size
		b.msgs[b.n].len = uint32(copy(b.data[at:at+b.size], p.packet))
		h.Flags = 0
		if p.truncated || len(p.packet) > b.size {
			h.Flags = unix.MSG_TRUNC
		}
		h.SetControllen(copy(b.slots[b.n].control[:], p.control))
		b.slots[b.n].from = p.from
		b.n++
		if s.stored = s.stored[1:]; len(s.stored) == 0 {
			s.stored = nil
		}
	}
	return b.n
}

// send gives a packet to the Exchange, or, when it has no room for it, to the socket.
func (l *line) send(packet []byte) error {
	s, x := l.sock, l.exchange
	if s.state.Load()&socketClosed != 0 {
		return net.ErrClosed
	}
	if err := l.err; err != nil {
		l.err = nil
		return err
	}
	if len(x.sent) == cap(x.sent) || len(packet) > len(x.arena)-x.used {
		x.Flush()
	}
	if x.err != nil || len(packet) > len(x.arena)-x.used {
		return s.sendNow(packet)
	}
	e := x.submission()
	if e == nil {
		return s.sendNow(packet)
	}
	d := departure{line: l, from: x.used, to: x.used + copy(x.arena[x.used:], packet)}
	e.Op, e.FD = uring.OpSend, int32(s.fd)
	e.Flags = uring.QuietSuccess
	e.Addr, e.Len = uint64(uintptr(unsafe.Pointer(&x.arena[d.from]))), uint32(len(packet)) //nolint:gosec // kept by x
	e.OpFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	e.UserData = tagSend | uint64(x.batch*exchangeSends+uint32(len(x.sent)))
	x.used = d.to
	x.sent = append(x.sent, d)
	return nil
}

// refused is a packet that was not sent: an error that waited was told instead, or
// there is no room for it, or nothing can be sent any more.
func (x *Exchange) refused(d *departure, errno unix.Errno) {
	s := d.line.sock
	if s == nil || errno == 0 {
		return
	}
	again, err := s.notSent(errno)
	if again {
		err = s.sendNow(x.arena[d.from:d.to])
	}
	if err != nil {
		d.line.err = err
	}
}
