// Package early keeps the books of a dialog whose INVITE is not answered yet: our
// reliable provisional responses and those of the peer (RFC 3262), and whose description
// is open (RFC 3264, as RFC 3262 §5, RFC 3311 §5 and RFC 6337 §2 let descriptions travel
// before the answer).
//
// Goroutines: none; timers run on those of the runtime and end with Sender.Stop.
package early

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// ParseRSeq reads the header RSeq: a number from 1 to 2³²-1 (RFC 3262 §7.1).
func ParseRSeq(s string) (uint32, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil || n == 0 {
		return 0, fault.New(fault.Invalid, "sip: RSeq %q is no sequence number", s)
	}
	return uint32(n), nil
}

// RAck is what a PRACK acknowledges (RFC 3262 §7.2): RSeq and CSeq of a response.
type RAck struct {
	RSeq, CSeq uint32
	Method     string
}

// String is the header's value.
func (a RAck) String() string {
	return strconv.FormatUint(uint64(a.RSeq), 10) + " " + strconv.FormatUint(uint64(a.CSeq), 10) + " " + a.Method
}

// ParseRAck reads the header RAck.
func ParseRAck(s string) (RAck, error) {
	fields := strings.Fields(s)
	if len(fields) != 3 {
		return RAck{}, fault.New(fault.Invalid, "sip: RAck %q is not of three parts", s)
	}
	rseq, err := ParseRSeq(fields[0])
	if err != nil {
		return RAck{}, err
	}
	cseq, err := strconv.ParseUint(fields[1], 10, 31)
	if err != nil {
		return RAck{}, fault.New(fault.Invalid, "sip: RAck %q without a CSeq", s)
	}
	return RAck{RSeq: rseq, CSeq: uint32(cseq), Method: fields[2]}, nil
}

// Exchange is whose description is open in the first exchange of a dialog.
type Exchange uint8

// The states.
const (
	Closed  Exchange = iota // agreed, or no longer of this concern
	Unbegun                 // the INVITE had no offer, and none was made since
	Theirs                  // the peer's offer waits for our answer
	Ours                    // ours waits for the peer's
)

// ByPeer is the exchange that an INVITE of the peer's begins, ByUs that of one of ours.
func ByPeer(described bool) Exchange {
	if described {
		return Theirs
	}
	return Unbegun
}

// ByUs is the exchange that an INVITE of ours begins.
func ByUs(described bool) Exchange {
	if described {
		return Ours
	}
	return Unbegun
}

// Described is the exchange after a description in a reliable provisional response:
// the answer to the INVITE's offer, or an offer in its place (RFC 3262 §5). What comes
// in an unreliable one is a foretaste that changes nothing. ours says who sent it.
func (e Exchange) Described(ours bool) Exchange {
	switch {
	case e == Unbegun && ours:
		return Ours
	case e == Unbegun:
		return Theirs
	case e == Theirs && ours, e == Ours && !ours:
		return Closed
	}
	return e
}

// Verdict is what a provisional response of the peer's turns out to be.
type Verdict uint8

// The verdicts.
const (
	Fresh    Verdict = iota // to be acknowledged and taken
	Repeated                // has been acknowledged: to be dropped
	Gap                     // one before it is missing: to be dropped until that has come
)

// Receiver judges the reliable provisional responses of one early dialog (RFC 3262 §4).
// The zero Receiver awaits the first. It has no lock.
type Receiver struct{ cseq, rseq uint32 }

// Take takes the next response to the INVITE of that CSeq.
func (r *Receiver) Take(cseq, rseq uint32) Verdict {
	switch {
	case r.rseq == 0 || cseq > r.cseq:
		r.cseq, r.rseq = cseq, rseq
		return Fresh
	case cseq < r.cseq || rseq <= r.rseq:
		return Repeated
	case rseq != r.rseq+1:
		return Gap
	}
	r.rseq = rseq
	return Fresh
}
