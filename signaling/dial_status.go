package signaling

import (
	"context"
	"errors"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// DialStatus is how a dial attempt ended, in the words of DIALSTATUS.
type DialStatus string

// The outcomes of a dial attempt.
const (
	DialAnswer      DialStatus = "ANSWER"
	DialBusy        DialStatus = "BUSY"
	DialNoAnswer    DialStatus = "NOANSWER"
	DialCongestion  DialStatus = "CONGESTION"
	DialUnavailable DialStatus = "CHANUNAVAIL"
	DialCancel      DialStatus = "CANCEL"
)

// rank orders the outcomes of several parties as Asterisk does: somebody who just
// did not answer outweighs the rest, then busy, congestion, unavailable.
func (s DialStatus) rank() int {
	switch s {
	case DialNoAnswer:
		return 4
	case DialBusy:
		return 3
	case DialCongestion:
		return 2
	case DialUnavailable:
		return 1
	default:
		return 0
	}
}

// statusOf is the outcome of a target that could not be rung.
func statusOf(err error) DialStatus {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return DialCancel
	}
	switch fault.Of(err) {
	case fault.Busy, fault.Full:
		return DialBusy
	case fault.Unavailable, fault.TooMany:
		return DialCongestion
	default:
		return DialUnavailable
	}
}

// statusOfCause is the outcome that Asterisk's Dial makes of the cause with which
// a called party ended.
func statusOfCause(c Cause) DialStatus {
	switch c {
	case CauseBusy:
		return DialBusy
	case CauseCongestion:
		return DialCongestion
	case CauseNoAnswer, CauseNormal:
		return DialNoAnswer
	default:
		return DialUnavailable
	}
}
