package dialplan

import (
	"context"
	"errors"
	"time"
)

// maxDigits bounds what Collect takes as one extension.
const maxDigits = 80

var (
	errNoDigits      = errors.New("no digits, and no t extension")
	errInvalidDigits = errors.New("no such extension, and no i extension")
)

// Collect is what follows a digit heard by Background: it takes further digits while a
// longer extension may exist, and points the call (Goto) at the extension dialled, at i
// when there is none, at t when no digit came. first are the digits heard already; the
// first further one may take wait (0 is the channel's own TIMEOUT(response), or
// TIMEOUT(digit) after first), each later one TIMEOUT(digit). Without i or t the call is
// over: the error ends it when an App returns it.
func (c *Call) Collect(ctx context.Context, first string, wait time.Duration) error {
	if dialled, err := c.collect(ctx, first, wait); err != nil || dialled {
		return err
	}
	return c.timedOut()
}

// collect is Collect that leaves it to the caller what follows when no digit came.
func (c *Call) collect(ctx context.Context, first string, wait time.Duration) (dialled bool, err error) {
	digits := first
	if wait <= 0 {
		wait = c.response
		if first != "" {
			wait = c.digit
		}
	}
	reader, hears := c.ch.(DigitReader)
	caller := c.ch.CallerID().Number
	for hears && len(digits) < maxDigits &&
		(digits == "" || c.Plan().MatchMore(c.at.Context, digits, caller, c.Now())) {
		d, ok, err := reader.ReadDigit(ctx, wait)
		if err != nil {
			return false, err
		}
		if !ok {
			break
		}
		digits += string(rune(d))
		wait = c.digit
	}
	switch {
	case digits == "":
		return false, nil
	case c.Exists(c.at.Context, digits):
		c.Goto(Position{c.at.Context, digits, 1})
		return true, nil
	}
	from := c.at
	if out, over := c.invalid(digits); over {
		c.ch.SetHangupCause(out.Cause)
		return true, errInvalidDigits
	}
	c.Goto(c.at)
	c.at = from
	return true, nil
}

func (c *Call) timedOut() error {
	from := c.at
	if !c.divert(TimeoutExten) && !c.except("RESPONSETIMEOUT") {
		c.log.Warn("no digits came, and no t", "context", c.at.Context, "at", c.where())
		return errNoDigits
	}
	c.Goto(c.at)
	c.at = from
	return nil
}
