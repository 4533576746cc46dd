package rtp

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp/internal/uring"
)

const (
	// exchangeQueue is the submissions of one system call, and exchangeDone the
	// completions that one may leave: twenty sockets at a time receive at most 32
	// packets each.
	exchangeQueue = 256
	exchangeDone  = 2048
	// exchangeBuffers is how many packets may wait to be read, of all sockets; the
	// kernel has exchangeLent of the free buffers. When there is none packets stay in
	// their sockets.
	exchangeBuffers = 4096
	exchangeLent    = 1024
	// exchangeSends packets, of at most exchangeArena bytes together, leave at once.
	exchangeSends = 64
	exchangeArena = 64 << 10
	// lineFull is how many packets of one socket may wait until it is left alone: as
	// many as two batches, which is what is taken from a socket that has no Exchange.
	// What comes until the kernel lets go of it waits too, up to lineLimit.
	lineFull  = 2 * BatchSlots
	lineLimit = 4 * lineFull
	// restSweeps is how many times of Collect a socket is left alone that more came to.
	restSweeps = 200
	// sweepSockets is how many sockets the kernel receives for in one system call.
	sweepSockets = 16
	// patience is how many system calls in a row may come to nothing.
	patience = 1000
)

// What a buffer holds: the header, the sender's address, control messages, the packet.
const (
	nameRoom    = 32
	nameAt      = int(unsafe.Sizeof(uring.MessageHeader{}))
	controlAt   = nameAt + nameRoom
	packetAt    = controlAt + maxControlBytes
	exchangeTag = 0 // group of buffers
)

// What UserData says, above the index of a line or of a packet that was sent.
const (
	tagReceive uint64 = iota << 32
	tagSend
	tagCancel
)

var errStuck = errors.New("rtp: the kernel does not let go of a socket")

// Exchange receives and sends for the sockets of one worker by as few system calls as
// can be (io_uring(7)): what has come to any of them is collected at once, and what is
// sent leaves at once. Recv and Send of a socket that is attached work as they do for
// others, with two differences: Recv sees what Collect collected, and what Send was
// given leaves with the next Flush, or when much is there.
//
// A socket that more comes to than is taken from it is left alone for a second, that is
// received from as one that is not attached; so is any that the kernel has no buffer
// for.
//
// All methods are for the thread that called NewExchange.
type Exchange struct {
	ring    *uring.Ring
	buffers *uring.Buffers
	header  *unix.Msghdr // how every packet is received; the kernel copies it
	next    []uint16     // by buffer, the one behind it in its line
	lines   []*line
	vacant  []int32 // indices of lines
	begin   []*line // to be received from
	resting []*line // in the order they began to
	sweeps  uint64  // calls of Collect

	arena []byte
	used  int // bytes of arena
	sent  []departure
	batch uint32 // of sent, which counts on when that is empty again

	err    error // why it is of no more use
	closed bool
}

// departure is a packet that is sent.
type departure struct {
	line     *line
	from, to int // in arena
}

// NewExchange makes an Exchange for packets of at most slotBytes, 0 stands for
// BatchSlotBytes. The calling goroutine must stay on its thread. The error, of kind
// fault.Unsupported, says what the system does not let it do.
func NewExchange(slotBytes int) (*Exchange, error) {
	if slotBytes <= 0 {
		slotBytes = BatchSlotBytes
	}
	ring, err := uring.Open(exchangeQueue, exchangeDone)
	if err != nil {
		return nil, fault.New(fault.Unsupported, "rtp: io_uring: %w", err)
	}
	const line = 64 // of the processor's cache
	buffers, err := ring.NewBuffers(exchangeTag, exchangeBuffers, (packetAt+slotBytes+line-1)&^(line-1), exchangeLent)
	if err != nil {
		return nil, fault.New(fault.Unsupported, "rtp: io_uring: %w", errors.Join(err, ring.Close()))
	}
	x := &Exchange{
		ring: ring, buffers: buffers,
		header: &unix.Msghdr{Namelen: nameRoom},
		next:   make([]uint16, exchangeBuffers),
		arena:  make([]byte, exchangeArena),
		sent:   make([]departure, 0, exchangeSends),
	}
	x.header.SetControllen(maxControlBytes)
	x.buffers.Lend()
	return x, nil
}

// Attach has a socket received from and sent to by the Exchange, until Detach. Until
// then it stays open, whoever closes it.
func (x *Exchange) Attach(s *Socket) {
	if s.line != nil || x.err != nil || x.closed || !s.enter() {
		return
	}
	l := &line{exchange: x, sock: s}
	if n := len(x.vacant); n > 0 {
		l.index, x.vacant = x.vacant[n-1], x.vacant[:n-1]
		x.lines[l.index] = l
	} else {
		l.index = int32(len(x.lines))
		x.lines = append(x.lines, l)
	}
	s.line = l
	// Nothing has to grow in a tick.
	x.begin, x.resting = slices.Grow(x.begin, len(x.lines)), slices.Grow(x.resting, len(x.lines))
	x.beginSoon(l)
}

// Detach undoes Attach, after what was given to Send has left. What has been collected
// for the socket stays there to be received.
func (x *Exchange) Detach(s *Socket) {
	l := s.line
	if l == nil || l.exchange != x {
		return
	}
	x.Flush()
	for tries := 0; l.state != lineShut && x.err == nil; tries++ {
		if l.state == lineOpen {
			x.cancel(l)
		}
		if x.turn(true); tries > patience {
			x.fail(errStuck)
		}
	}
	s.keep(l)
	x.drop(&x.begin, l)
	x.drop(&x.resting, l)
	x.lines[l.index] = nil
	x.vacant = append(x.vacant, l.index)
	s.line = nil
	s.leave()
}

func (x *Exchange) drop(list *[]*line, l *line) {
	if i := slices.Index(*list, l); i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
}

// Collect receives what has come to all sockets, for Recv. An error, which is given
// once, means that the Exchange is of no more use: its sockets go on without it.
func (x *Exchange) Collect() error {
	if x.closed {
		return nil
	}
	if x.err != nil {
		err := x.err
		for _, l := range x.lines {
			if l != nil {
				x.Detach(l.sock)
			}
		}
		return errors.Join(err, x.Close())
	}
	x.sweeps++
	for len(x.resting) > 0 && x.resting[0].rested <= x.sweeps {
		x.beginSoon(x.resting[0])
		x.resting = slices.Delete(x.resting, 0, 1)
	}
	x.buffers.Lend()
	x.beginAll()
	for range len(x.lines)/sweepSockets + 2 {
		if x.err != nil || !x.ring.Waiting() && x.ring.Queued() == 0 {
			break
		}
		x.turn(true)
		x.buffers.Lend()
	}
	return nil //nolint:nilerr // that of this sweep is told by the next
}

// Waiting reports whether packets have come since the last Collect, without a system
// call.
func (x *Exchange) Waiting() bool { return x.ring.Waiting() }

// Flush sends what Send was given.
func (x *Exchange) Flush() {
	for tries := 0; x.ring.Queued() > 0 && x.err == nil; tries++ {
		// The kernel is short of memory, or wants to be rid of completions first.
		x.turn(tries > 0)
		if tries > patience {
			x.fail(fmt.Errorf("rtp: io_uring takes no more: %d wait", x.ring.Queued()))
		}
	}
}

// turn is one system call and what comes of it.
func (x *Exchange) turn(work bool) {
	if err := x.ring.Enter(work); err != nil {
		x.fail(fmt.Errorf("rtp: exchange: %w", err))
	}
	done := x.ring.Queued() == 0
	for c := x.ring.Peek(); len(c) > 0; c = x.ring.Peek() {
		for i := range c {
			x.complete(&c[i])
		}
		x.ring.Advance(len(c))
	}
	if done {
		x.forgetSent()
	}
	if n := x.ring.Lost(); n > 0 {
		x.fail(fmt.Errorf("rtp: exchange: the kernel lost %d completions", n))
	}
}

func (x *Exchange) complete(c *uring.Completion) {
	at := uint32(c.UserData)
	switch c.UserData &^ (1<<32 - 1) {
	case tagReceive:
		x.received(x.lines[at], c)
	case tagSend:
		// Where the queue of completions was full, or sending was given up, it may be of a batch
		// before this one.
		if n := at % exchangeSends; at/exchangeSends == x.batch && int(n) < len(x.sent) {
			x.refused(&x.sent[n], unix.Errno(-c.Result))
		}
	case tagCancel: // whether there was anything to cancel, the line itself tells
	}
}

// submission is nil when there is no room even after a system call.
func (x *Exchange) submission() *uring.Submission {
	if s := x.ring.Next(); s != nil {
		return s
	}
	if x.err == nil {
		x.turn(false)
	}
	return x.ring.Next()
}

// fail gives up: from now on every socket is received from and sent to by itself.
func (x *Exchange) fail(err error) {
	if x.err != nil {
		return
	}
	x.err = errors.Join(err, x.ring.Shut())
	for _, l := range x.lines {
		if l != nil {
			l.state = lineShut
		}
	}
	for i := range x.sent { // what was not sent by now is not sent
		x.sent[i].line.sock.unsent.Add(1)
	}
	x.forgetSent()
}

// forgetSent makes room for another batch of packets.
func (x *Exchange) forgetSent() {
	x.used, x.sent = 0, x.sent[:0]
	x.batch = (x.batch + 1) % (1 << 32 / exchangeSends)
}

// Close detaches every socket and gives all memory back. Nothing may be read any more of
// what a Batch received from one of them.
func (x *Exchange) Close() error {
	if x.closed {
		return nil
	}
	for _, l := range x.lines {
		if l != nil {
			x.Detach(l.sock)
		}
	}
	x.closed = true
	return errors.Join(x.ring.Close(), x.buffers.Close())
}
