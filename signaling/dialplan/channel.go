package dialplan

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// CallerID is who is calling.
type CallerID party.ID

// String is `"Name" <number>`, the form of CALLERID(all).
func (c CallerID) String() string {
	switch {
	case c.Name == "" && c.Number == "":
		return ""
	case c.Name == "":
		return "<" + c.Number + ">"
	case c.Number == "":
		return `"` + c.Name + `"`
	}
	return `"` + c.Name + `" <` + c.Number + ">"
}

// ParseCallerID reads `"Name" <number>`, `Name <number>`, `<number>` or a number.
func ParseCallerID(text string) CallerID {
	name, number := asterisk.ParseCallerID(text)
	return CallerID{Name: name, Number: number}
}

// Channel is what the executor needs of a channel. Its methods are called on the
// goroutine that runs the call, and must be safe beside the channel's own.
type Channel interface {
	// ID is ${UNIQUEID}; Name is ${CHANNEL} ("PJSIP/1001-00000000").
	ID() string
	Name() string

	CallerID() CallerID
	SetCallerID(CallerID)

	// Var is a channel variable by its bare name, without underscores. Variables
	// that the plan gives every call (EXTEN, CONTEXT, EPOCH ...) never come here.
	Var(name string) (value string, ok bool)
	// SetVar sets a variable. A name that begins with _ is inherited by the
	// channels this one dials, with __ also by theirs; the underscores are no part
	// of the name. Vars keeps variables so.
	SetVar(name, value string)

	// Attribute reads CHANNEL(item), for the items that belong to the channel
	// ("state", "language", "rtp,all"); SetAttribute writes one. An unknown item
	// is an error of kind fault.NotFound.
	Attribute(item string) (string, error)
	SetAttribute(item, value string) error

	// HangupCause is the Q.850 cause the channel ends or ended with, 0 while
	// there is none.
	HangupCause() int
	SetHangupCause(cause int)

	// Executing tells that a step begins, before it does: for channel lists and
	// the ChannelDialplan event. args is already substituted.
	Executing(at Position, app, args string)

	// HangUp begins to end the channel's leg, with HangupCause, and does not wait
	// for it. It is called when the plan is through, before the h extension runs,
	// so that a slow h holds no line; variables, attributes and statistics stay
	// readable until Run returns. It may be called on a channel that is already gone.
	HangUp()
}

// DigitReader is a Channel that can hear DTMF. One that cannot never gets an
// extension from digits: waiting for them ends at once.
type DigitReader interface {
	// ReadDigit waits for the next digit, at most for timeout. ok is false when
	// the time was up. The error is ctx's.
	ReadDigit(ctx context.Context, timeout time.Duration) (digit byte, ok bool, err error)
}
