package party

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Reason is why a call was sent on.
type Reason uint8

// The reasons.
const (
	Unknown Reason = iota
	Busy
	NoAnswer
	NotAvailable
	Unconditional
	TimeOfDay
	DoNotDisturb
	Deflection
	FollowMe
	OutOfOrder
	Away
	reasons
)

// reasonTable has every reason in the words of REDIRECTING(reason), of Diversion (RFC
// 5806 §4.2), and as the cause of a URI in History-Info (RFC 4458 §2).
var reasonTable = [reasons]struct {
	word, diversion string
	cause           int
}{
	Unknown:       {"unknown", "unknown", 404},
	Busy:          {"cfb", "user-busy", 486},
	NoAnswer:      {"cfnr", "no-answer", 408},
	NotAvailable:  {"unavailable", "unavailable", 503},
	Unconditional: {"cfu", "unconditional", 302},
	TimeOfDay:     {"time_of_day", "time-of-day", 404},
	DoNotDisturb:  {"dnd", "do-not-disturb", 404},
	Deflection:    {"deflection", "deflection", 480},
	FollowMe:      {"follow_me", "follow-me", 404},
	OutOfOrder:    {"out_of_order", "out-of-service", 404},
	Away:          {"away", "away", 404},
}

// String is the reason in the word of REDIRECTING(reason).
func (r Reason) String() string { return reasonTable[min(r, reasons-1)].word }

// Diversion is the reason in the word of a Diversion header.
func (r Reason) Diversion() string { return reasonTable[min(r, reasons-1)].diversion }

// Cause is the reason as the cause of a URI in History-Info.
func (r Reason) Cause() int { return reasonTable[min(r, reasons-1)].cause }

// ParseReason reads the word of REDIRECTING(reason).
func ParseReason(s string) (Reason, error) {
	for r := range reasons {
		if strings.EqualFold(reasonTable[r].word, strings.TrimSpace(s)) {
			return r, nil
		}
	}
	return 0, fault.New(fault.Invalid, "%.40q is no reason to send a call on", s)
}

// ReasonOfDiversion reads the word of a Diversion header; one that nobody has agreed on
// is Unknown.
func ReasonOfDiversion(s string) Reason {
	for r := range reasons {
		if strings.EqualFold(reasonTable[r].diversion, s) {
			return r
		}
	}
	return Unknown
}

// ReasonOfCause reads the cause of a URI in History-Info.
func ReasonOfCause(cause int) Reason {
	if cause == 487 { // deflection while it rings
		return Deflection
	}
	for r := range reasons {
		if reasonTable[r].cause == cause {
			return r
		}
	}
	return Unknown
}
