package rtp

// Limits of RFC 3550 appendix A.1.
const (
	maxDropout  = 3000
	maxMisorder = 100
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
}

const badNone = 1 << 16

// Update takes the next packet's number and gives it in extended form. Extended
// numbers never go back: a Restart continues in the next cycle.
func (s *Sequence) Update(seq uint16) (extended uint32, order Order) {
	if !s.started {
		// One cycle up, so that packets just before the first have a number too.
		*s = Sequence{highest: 1<<16 | uint32(seq), bad: badNone, started: true}
		return s.highest, Ahead
	}
	delta := seq - uint16(s.highest)
	switch {
	case delta == 0:
		return s.highest, Behind
	case delta < maxDropout:
		s.highest += uint32(delta)
		s.bad = badNone
		return s.highest, Ahead
	case int(delta) > 1<<16-maxMisorder:
		return s.highest - uint32(-delta), Behind
	case s.bad == uint32(seq):
		s.highest = s.highest&^0xffff + 1<<16 + uint32(seq)
		s.bad = badNone
		return s.highest, Restart
	}
	s.bad = uint32(seq + 1)
	return 0, Suspect
}

// Highest is the highest extended number so far; 0 before the first packet.
func (s *Sequence) Highest() uint32 { return s.highest }
