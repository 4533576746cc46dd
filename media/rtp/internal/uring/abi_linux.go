package uring

// What io_uring_setup(2), io_uring_enter(2) and io_uring_register(2) take, by
// include/uapi/linux/io_uring.h.

// sqOffsets is struct io_sqring_offsets.
type sqOffsets struct {
	head, tail, mask, entries, flags, dropped, array, reserved uint32
	user                                                       uint64
}

// cqOffsets is struct io_cqring_offsets.
type cqOffsets struct {
	head, tail, mask, entries, overflow, cqes, flags, reserved uint32
	user                                                       uint64
}

// params is struct io_uring_params.
type params struct {
	sqEntries, cqEntries, flags, cpu, idle, features, workers uint32
	reserved                                                  [3]uint32
	sq                                                        sqOffsets
	cq                                                        cqOffsets
}

// Submission is struct io_uring_sqe, as far as it is used: what the kernel shall do.
type Submission struct {
	Op       Op
	Flags    uint8
	Priority uint16 // ReceiveMany, for receiving
	FD       int32
	_        uint64
	Addr     uint64
	Len      uint32
	OpFlags  uint32 // MSG_…
	UserData uint64 // comes back in the Completion
	Group    uint16 // of buffers
	_        uint16
	_        uint32
	_        [2]uint64
}

// Completion is struct io_uring_cqe: what became of a Submission.
type Completion struct {
	UserData uint64
	Result   int32 // an errno below 0
	Flags    uint32
}

// Buffer is the number of the buffer that was received into; ok is false for none.
func (c *Completion) Buffer() (id uint16, ok bool) {
	return uint16(c.Flags >> 16), c.Flags&completionBuffer != 0
}

// More reports whether the Submission goes on.
func (c *Completion) More() bool { return c.Flags&completionMore != 0 }

// MessageHeader is struct io_uring_recvmsg_out, which is in front of what a message
// is received as: then come as many bytes for the sender's address and for control
// messages as were asked for, used or not, and the data.
type MessageHeader struct {
	NameBytes, ControlBytes uint32 // used
	Bytes                   uint32 // of the datagram, of which not all need be there
	Flags                   uint32 // MSG_TRUNC
}

// bufferEntry is struct io_uring_buf. The last field of the first is the tail of the
// ring that they form.
type bufferEntry struct {
	addr uint64
	len  uint32
	id   uint16
	_    uint16
}

// bufferRegistration is struct io_uring_buf_reg.
type bufferRegistration struct {
	addr         uint64
	entries      uint32
	group, flags uint16
	_            [3]uint64
}

// Op is what a Submission does.
type Op uint8

// The operations that are used, all on sockets.
const (
	OpReceiveMessage Op = 10
	OpCancel         Op = 14 // of the Submission whose UserData is in Addr
	OpSend           Op = 26
)

const (
	// QuietSuccess in Flags: only a failure has a Completion.
	QuietSuccess = 1 << 6
	// SelectBuffer in Flags: the buffer is chosen among Group's when there is a packet.
	SelectBuffer = 1 << 5
	// ReceiveMany in Priority: one Completion for each packet, until it is cancelled
	// or fails.
	ReceiveMany = 1 << 1
)

const (
	setupSize        = 1 << 3 // params.cqEntries counts
	setupSubmitAll   = 1 << 7 // an invalid one does not end a submission
	setupTaskrunFlag = 1 << 9
	setupOneThread   = 1 << 12
	setupDefer       = 1 << 13

	featureOneMapping = 1 << 0
	featureNoDrop     = 1 << 1
	featureStable     = 1 << 2 // what a Submission points to is read during Enter
	featureQuiet      = 1 << 11
	features          = featureOneMapping | featureNoDrop | featureStable | featureQuiet

	flagOverflow = 1 << 1
	flagTaskrun  = 1 << 2

	enterGetEvents = 1 << 0

	completionBuffer = 1 << 0
	completionMore   = 1 << 1

	registerProbe   = 8
	registerBuffers = 22

	offsetRings       = 0
	offsetSubmissions = 0x10000000
)

// probe is struct io_uring_probe with room for all operations.
type probe struct {
	last, n uint8
	_       uint16
	_       [3]uint32
	ops     [256]probedOp
}

// probedOp is struct io_uring_probe_op.
type probedOp struct {
	op, _ uint8
	flags uint16 // 1: there is such an operation
	_     uint32
}
