package dialplan

import (
	"context"
	"errors"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// divert goes to the first priority of a special extension of the context.
func (c *Call) divert(exten string) bool {
	to := Position{c.at.Context, exten, 1}
	if _, ok := c.find(to); !ok {
		return false
	}
	c.at = to
	return true
}

// except goes to the e extension, for a reason it can ask.
func (c *Call) except(reason string) bool {
	from := c.at
	if !c.divert(ExceptionExten) {
		return false
	}
	c.failure = exception{reason: reason, at: from}
	return true
}

// noStep decides what follows when there is no step at c.at.
func (c *Call) noStep(ctx context.Context) (Outcome, bool) {
	if c.leaveMacro() {
		return Outcome{}, false
	}
	if !c.Exists(c.at.Context, c.at.Exten) {
		return c.invalid(c.at.Exten)
	}
	if !c.Plan().General.AutoFallThrough {
		if err := c.Collect(ctx, "", c.response); err != nil {
			return Outcome{End: endOf(err), Err: failureOf(err)}, true
		}
		c.advance()
		return Outcome{}, false
	}
	status, _ := c.ch.Var("DIALSTATUS")
	out := Outcome{End: EndFellThrough}
	switch status {
	case "BUSY":
		out.Cause = fault.Busy.Cause()
	case "CONGESTION", "CHANUNAVAIL":
		out.Cause = fault.Unavailable.Cause()
	}
	return out, true
}

// invalid goes to i, or e, or ends the call.
func (c *Call) invalid(exten string) (Outcome, bool) {
	if exten != InvalidExten && c.divert(InvalidExten) {
		c.ch.SetVar("INVALID_EXTEN", exten)
		return Outcome{}, false
	}
	if exten != ExceptionExten && c.except("INVALID") {
		return Outcome{}, false
	}
	c.log.Warn("no such extension, and no i", "context", c.at.Context, "exten", exten, "at", c.where())
	return Outcome{End: EndInvalid, Cause: fault.NotFound.Cause()}, true
}

// afterHangup runs the h extension of the context the call ended in.
func (c *Call) afterHangup(ctx context.Context) {
	h := Position{c.at.Context, HangupExten, 1}
	if c.at.Exten == HangupExten {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.exec.config.AfterHangup)
	defer cancel()
	last := c.at
	c.deadline = time.Time{}
	c.budget.refill(c.Now(), c.exec.config)
	for c.at = h; ; c.advance() {
		found, ok := c.find(c.at)
		if !ok {
			break
		}
		if err := c.steps(ctx, found.Priority); err != nil {
			if !errors.Is(err, ErrHangup) {
				c.warn("h extension stopped", "err", err)
			}
			break
		}
	}
	c.at = last
}
