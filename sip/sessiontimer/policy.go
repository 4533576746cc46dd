// Package sessiontimer negotiates session timers (RFC 4028): how long a session lasts
// without being refreshed, and who refreshes it. A call whose other side lost its power,
// and so will never say BYE, ends with its session.
//
// It sends nothing: it reads the headers of what came, writes those of what is to go out,
// and calls back when it is time to refresh, or to give up. It starts no goroutine but
// those of its timers' functions.
package sessiontimer

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const (
	// Least is the smallest session interval that anybody may ask for (RFC 4028 §4).
	Least = 90 * time.Second
	// DefaultInterval is the interval that the RFC recommends.
	DefaultInterval = 1800 * time.Second
)

// Mode is how much session timers are wanted.
type Mode uint8

// The modes, with what Asterisk calls them in pjsip.conf and in sip.conf.
const (
	Off     Mode = iota // no, refuse: nothing is known of them
	Accept              // accept: they run if the peer asks
	Offer               // yes: calls of ours ask for them, and do without
	Require             // required: there is no call without
	Always              // always, originate: where the peer knows none of them, we refresh alone
)

// Refresher is who refreshes, named by the part it plays in the request that is
// negotiated by.
type Refresher uint8

// The refreshers.
const (
	Unsaid Refresher = iota
	UAC              // who sends the request
	UAS              // who answers it
)

var refresherNames = [...]string{"", "uac", "uas"}

// String is the value of the header's parameter.
func (r Refresher) String() string { return refresherNames[r] }

// Policy is what one side wants.
type Policy struct {
	Mode Mode
	// Interval is what is asked for; Min the least that is agreed to.
	Interval, Min time.Duration
	// Limit shortens what the peer asks for; 0 takes it as it is.
	Limit time.Duration
	// Refresher is whom we name where we may choose. Unsaid leaves it to the peer, and
	// takes the caller.
	Refresher Refresher
}

// Default offers the intervals of the RFC.
func Default() Policy { return Policy{Mode: Offer, Interval: DefaultInterval, Min: Least} }

// Validate says what cannot be agreed on; the error is of kind fault.Invalid.
func (p Policy) Validate() error {
	switch {
	case p.Mode == Off:
		return nil
	case p.Min < Least:
		return fault.New(fault.Invalid, "the least session interval is %v, below %v", p.Min, Least)
	case p.Interval < p.Min:
		return fault.New(fault.Invalid, "the session interval of %v is below the least, %v", p.Interval, p.Min)
	case p.Limit != 0 && p.Limit < p.Min:
		return fault.New(fault.Invalid, "the longest session interval of %v is below the least, %v", p.Limit, p.Min)
	}
	return nil
}

// Terms are what both sides agreed on. The zero value is a session without a timer.
type Terms struct {
	Interval time.Duration
	Ours     bool // we refresh
}

// Active reports whether the session ends when it is not refreshed.
func (t Terms) Active() bool { return t.Interval > 0 }

// Refresh is when the refresher refreshes: at half the interval (RFC 4028 §10).
func (t Terms) Refresh() time.Duration { return t.Interval / 2 }

// End is when who saw no refresh gives up: a third of the interval before its end, and 32 s
// at most, so that the peer still knows of the call (RFC 4028 §10).
func (t Terms) End() time.Duration { return t.Interval - min(32*time.Second, t.Interval/3) }
