package bandwidth

import (
	"encoding/binary"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ErrFeedback is a feedback that cannot be read, of kind fault.Invalid.
var ErrFeedback = fault.New(fault.Invalid, "bandwidth: damaged feedback")

const feedbackHead = 8

// feedback reads a transport-wide feedback (§3.1), one packet after the other.
type feedback struct {
	base  uint16
	count int
	ref   uint32 // of 24 bits
	chunk []byte // those yet to be read
	delta []byte

	symbols [14]uint8
	have    int // of symbols
	used    int
	run     int // what is left of a run, of symbols[0]
	at      time.Duration
}

// open reads the head. detail is that of an rtp.Feedback.
func (f *feedback) open(detail []byte) error {
	if len(detail) < feedbackHead {
		return ErrFeedback
	}
	*f = feedback{base: binary.BigEndian.Uint16(detail), count: int(binary.BigEndian.Uint16(detail[2:]))}
	if f.count > 2*remembered { // nothing is known of so many: they would only take time
		return ErrFeedback
	}
	f.ref = uint32(detail[4])<<16 | uint32(detail[5])<<8 | uint32(detail[6])
	rest := detail[feedbackHead:]
	n := 0
	for left := f.count; left > 0; n += 2 {
		if n+2 > len(rest) {
			return ErrFeedback
		}
		switch c := binary.BigEndian.Uint16(rest[n:]); c >> 14 {
		case 2:
			left -= 14
		case 3:
			left -= 7
		default:
			if c&0x1fff == 0 {
				return ErrFeedback
			}
			left -= int(c & 0x1fff)
		}
	}
	f.chunk, f.delta = rest[:n], rest[n:]
	return nil
}

// next is the next packet: whether it came, and when, since the reference time. ok is false
// at the end, and where the feedback is cut off.
func (f *feedback) next() (number uint16, came bool, at time.Duration, ok bool) {
	if f.count == 0 {
		return 0, false, 0, false
	}
	symbol, ok := f.symbol()
	if !ok {
		return 0, false, 0, false
	}
	number = f.base
	f.base++
	f.count--
	switch symbol {
	case smallDelta:
		if len(f.delta) < 1 {
			return 0, false, 0, false
		}
		f.at += time.Duration(f.delta[0]) * tick
		f.delta = f.delta[1:]
	case largeDelta:
		if len(f.delta) < 2 {
			return 0, false, 0, false
		}
		f.at += time.Duration(int16(binary.BigEndian.Uint16(f.delta))) * tick
		f.delta = f.delta[2:]
	default:
		return number, false, 0, true
	}
	return number, true, f.at, true
}

func (f *feedback) symbol() (uint8, bool) {
	if f.run > 0 {
		f.run--
		return f.symbols[0], true
	}
	if f.used == f.have {
		if len(f.chunk) < 2 {
			return 0, false
		}
		c := binary.BigEndian.Uint16(f.chunk)
		f.chunk, f.used = f.chunk[2:], 0
		switch c >> 14 {
		case 2:
			f.have = 14
			for i := range f.have {
				f.symbols[i] = uint8(c >> (13 - i) & 1)
			}
		case 3:
			f.have = 7
			for i := range f.have {
				f.symbols[i] = uint8(c >> (12 - 2*i) & 3)
			}
		default:
			f.have = 0
			f.symbols[0], f.run = uint8(c>>13&3), int(c&0x1fff)-1
			return f.symbols[0], true
		}
	}
	f.used++
	return f.symbols[f.used-1], true
}

// REMB is the rate in bit/s of an estimate that a receiver makes itself (draft-alvestrand-
// rmcat-remb-03 §2.2); detail is that of an rtp.Feedback. ok is false for what is none.
func REMB(detail []byte) (bps int, ok bool) {
	if len(detail) < 8 || string(detail[:4]) != "REMB" || len(detail) < 8+4*int(detail[4]) {
		return 0, false
	}
	exp, mantissa := detail[5]>>2, uint64(detail[5]&3)<<16|uint64(binary.BigEndian.Uint16(detail[6:]))
	if exp > 40 {
		return 0, false
	}
	return int(min(mantissa<<exp, 1<<40)), true
}
