package rtp

// Limits of RFC 3550 appendix A.1. What is sent again comes later than what was merely
// overtaken: a picture alone is often more than a hundred packets.
const (
	maxDropout     = 3000
	maxMisorder    = 100
	maxMisorderOld = 1000 // of a sender that Resends
)

// Order is where a packet stands in its stream.
type Order uint8

// The four places.
const (
	// Ahead is a packet newer than all before it, next in line or after a loss.
	Ahead Order = iota
	// Behind is a packet that arrives late or twice.
	Behind
	// Restart is the first packet after the sender began again elsewhere.
	Restart
	// Suspect is a packet so far off that it is to be dropped, unless its
	// successor follows: then that one is a Restart.
	Suspect
)

// Sequence extends the 16-bit sequence numbers of one stream to 32 bits
// (RFC 3550 A.1). The zero value waits for the first packet; the source needs no
// probation, as the peer's address is known. It is a plain value: copy it to
// hand the stream over.
type Sequence struct {
	highest uint32 // extended
	bad     uint32 // the successor of a Suspect, or badNone
	started bool
	// Resends says that the sender sends again what was lost, with the numbers it had
	// (RFC 4585): packets far behind are late, and begin nothing while others come.
	Resends bool
}

const badNone = 1 << 16

// Update takes the next packet's number and gives it in extended form. Extended
// numbers never go back: a Restart continues in the next cycle. silent tells that nothing
// came for a while.
func (s *Sequence) Update(seq uint16, silent bool) (extended uint32, order Order) {
	if !s.started {
		// One cycle up, so that packets just before the first have a number too.
		s.highest, s.bad, s.started = 1<<16|uint32(seq), badNone, true
		return s.highest, Ahead
	}
	misorder := maxMisorder
	if s.Resends {
		misorder = maxMisorderOld
	}
	delta := seq - uint16(s.highest)
	switch {
	case delta == 0:
		return s.highest, Behind
	case delta < maxDropout:
		s.highest += uint32(delta)
		s.bad = badNone
		return s.highest, Ahead
	case int(delta) > 1<<16-misorder:
		return s.highest - uint32(-delta), Behind
	case s.bad == uint32(seq) && (!s.Resends || silent || delta < 1<<15):
		s.highest = s.highest&^0xffff + 1<<16 + uint32(seq)
		s.bad = badNone
		return s.highest, Restart
	}
	s.bad = uint32(seq + 1)
	return 0, Suspect
}

// Highest is the highest extended number so far; 0 before the first packet.
func (s *Sequence) Highest() uint32 { return s.highest }
