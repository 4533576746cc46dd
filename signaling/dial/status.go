package dial

import (
	"context"
	"errors"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Status is how a dial attempt ended, in the words of DIALSTATUS.
type Status string

// The outcomes of a dial attempt.
const (
	Answer      Status = "ANSWER"
	Busy        Status = "BUSY"
	NoAnswer    Status = "NOANSWER"
	Congestion  Status = "CONGESTION"
	Unavailable Status = "CHANUNAVAIL"
	Cancel      Status = "CANCEL"
)

// Rank orders the outcomes of several parties as Asterisk does: somebody who just
// did not answer outweighs the rest, then busy, congestion, unavailable.
func (s Status) Rank() int {
	switch s {
	case NoAnswer:
		return 4
	case Busy:
		return 3
	case Congestion:
		return 2
	case Unavailable:
		return 1
	default:
		return 0
	}
}

// StatusOf is the outcome of a target that could not be rung.
func StatusOf(err error) Status {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Cancel
	}
	switch fault.Of(err) {
	case fault.Busy, fault.Full:
		return Busy
	case fault.Unavailable, fault.TooMany:
		return Congestion
	default:
		return Unavailable
	}
}

// StatusOfCause is the outcome that Asterisk's Dial makes of the cause with which
// a called party ended.
func StatusOfCause(c signaling.Cause) Status {
	switch c {
	case signaling.CauseBusy:
		return Busy
	case signaling.CauseCongestion:
		return Congestion
	case signaling.CauseNoAnswer, signaling.CauseNormal:
		return NoAnswer
	default:
		return Unavailable
	}
}
