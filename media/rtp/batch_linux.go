package rtp

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Defaults of a Batch: more packets than one leg sends between two ticks, and
// room for any packet that fits an Ethernet frame.
const (
	BatchSlots      = 16
	BatchSlotBytes  = 1600
	maxControlBytes = 64
	timespecBytes   = int(unsafe.Sizeof(unix.Timespec{}))
)

// Batch is the memory that one recvmmsg call fills. A worker makes one and lends
// it to each socket in turn; what it holds is valid until the next Recv. It is
// used by one goroutine at a time.
type Batch struct {
	size  int // bytes of a slot
	n     int // slots filled by the last Recv
	data  []byte
	msgs  []mmsghdr
	slots []slot

	lender *Exchange // whose buffers the packets are in; nil for slots
	lent   []lent
}

// lent is a packet in a buffer of an Exchange.
type lent struct {
	packet    []byte
	from      *[sockaddrBytes]byte
	control   []byte
	truncated bool
	id        uint16
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// slot is what a message header points to besides the data.
type slot struct {
	iov     unix.Iovec
	control [maxControlBytes]byte
	from    [sockaddrBytes]byte
}

// NewBatch makes a batch of slots packets of at most slotBytes each; 0 stands
// for BatchSlots and BatchSlotBytes.
func NewBatch(slots, slotBytes int) *Batch {
	if slots <= 0 {
		slots = BatchSlots
	}
	if slotBytes <= 0 {
		slotBytes = BatchSlotBytes
	}
	b := &Batch{
		size:  slotBytes,
		n:     slots,
		data:  make([]byte, slots*slotBytes),
		msgs:  make([]mmsghdr, slots),
		slots: make([]slot, slots),
		lent:  make([]lent, slots),
	}
	for i := range b.msgs {
		s, h := &b.slots[i], &b.msgs[i].hdr
		s.iov.Base = &b.data[i*slotBytes]
		s.iov.SetLen(slotBytes)
		h.Name = &s.from[0]
		h.Iov = &s.iov
		h.SetIovlen(1)
		h.Control = &s.control[0]
	}
	b.rearm()
	return b
}

// rearm resets the lengths that the kernel overwrote in the slots it used, and gives
// back what was lent.
func (b *Batch) rearm() {
	if x := b.lender; x != nil {
		for i := 0; i < b.n && !x.closed; i++ {
			x.buffers.Free(b.lent[i].id)
		}
		b.lender, b.n = nil, 0
		return
	}
	for i := range b.msgs[:b.n] {
		h := &b.msgs[i].hdr
		h.Namelen = sockaddrBytes
		h.SetControllen(maxControlBytes)
	}
	b.n = 0
}

// Len is the number of packets from the last Recv.
func (b *Batch) Len() int { return b.n }

// Slots is the number of packets the batch can hold. A Recv that gives this many
// may have left some in the socket.
func (b *Batch) Slots() int { return len(b.msgs) }

// Packet is the i-th packet, i < Len. Its capacity is the slot's, so that it can
// be worked on in place.
func (b *Batch) Packet(i int) []byte {
	if b.lender != nil {
		return b.lent[i].packet
	}
	n := min(int(b.msgs[i].len), b.size)
	return b.data[i*b.size : i*b.size+n : (i+1)*b.size]
}

// From is the address that sent the i-th packet, an IPv4 one never in mapped
// form. It allocates for link-local IPv6 only.
func (b *Batch) From(i int) netip.AddrPort {
	if b.lender != nil {
		return addrPort(b.lent[i].from)
	}
	return addrPort(&b.slots[i].from)
}

// Arrival is when the kernel received the i-th packet, in nanoseconds of wall
// clock since 1970; 0 if the kernel did not say.
func (b *Batch) Arrival(i int) int64 {
	if b.lender != nil {
		return arrival(b.lent[i].control)
	}
	return arrival(b.slots[i].control[:b.msgs[i].hdr.Controllen])
}

// arrival finds the time among control messages.
func arrival(control []byte) int64 {
	for len(control) >= unix.SizeofCmsghdr {
		c := (*unix.Cmsghdr)(unsafe.Pointer(&control[0])) //nolint:gosec // long enough, and aligned by who made room for it
		n := int(c.Len)
		if n < unix.SizeofCmsghdr || n > len(control) {
			return 0
		}
		data := control[unix.CmsgLen(0):n]
		if c.Level == unix.SOL_SOCKET && c.Type == unix.SCM_TIMESTAMPNS && len(data) >= timespecBytes {
			return (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano() //nolint:gosec // as above
		}
		control = control[min(unix.CmsgSpace(len(data)), len(control)):]
	}
	return 0
}

// Truncated reports whether the i-th packet was longer than its slot.
func (b *Batch) Truncated(i int) bool {
	if b.lender != nil {
		return b.lent[i].truncated
	}
	return b.msgs[i].hdr.Flags&unix.MSG_TRUNC != 0
}
