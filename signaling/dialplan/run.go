package dialplan

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Run takes the channel through the plan from start on until it is hung up, falls
// through, or is redirected; then it runs the h extension. A start that does not
// exist is taken to s in the same context, then to s in "default".
//
// ctx ends when the channel is gone; cancel it with cause ErrRedirected to take the
// call elsewhere. Run blocks, logs what went wrong, and never panics for an
// application's sake. One Call runs once at a time.
func (c *Call) Run(ctx context.Context, start Position) Outcome {
	c.at = c.fallback(start)
	out, _ := c.loop(ctx)
	return c.over(ctx, out)
}

// over is what comes after the last step.
func (c *Call) over(ctx context.Context, out Outcome) Outcome {
	if cause := context.Cause(ctx); cause != nil && out.End != EndRedirected {
		out.End, out.Err = EndGone, nil
		if errors.Is(cause, ErrRedirected) {
			out.End = EndRedirected
		}
	}
	out.At = c.at
	if out.End == EndRedirected {
		out.Cause = c.ch.HangupCause()
		return out
	}
	if out.Err != nil {
		c.log.Error("call ended by its dialplan", "at", c.where(), "err", out.Err)
	}
	if out.Cause != 0 && c.ch.HangupCause() == 0 {
		c.ch.SetHangupCause(out.Cause)
	}
	out.Cause = c.ch.HangupCause()
	c.ch.HangUp()
	c.hungUp.Store(true)
	c.afterHangup(ctx)
	return out
}

// fallback is where a call starts that was sent to a place that does not exist.
func (c *Call) fallback(p Position) Position {
	if _, ok := c.find(p); ok {
		return p
	}
	s := Position{p.Context, StartExten, 1}
	if _, ok := c.find(s); ok {
		return s
	}
	d := Position{DefaultContext, StartExten, 1}
	if _, ok := c.find(d); ok {
		return d
	}
	return p
}

func (c *Call) find(p Position) (Found, bool) {
	return c.Plan().Find(p.Context, p.Exten, p.Priority, c.ch.CallerID().Number, c.Now())
}

// here is the priority that the call is at, nil for none.
func (c *Call) here() *Priority {
	found, _ := c.find(c.at)
	return found.Priority
}

// loop runs steps until the call is over or leaves the plan, or until the Sub that
// called it has returned.
func (c *Call) loop(ctx context.Context) (out Outcome, returned bool) {
	for {
		if ctx.Err() != nil {
			return Outcome{End: EndGone}, false
		}
		p := c.here()
		if p == nil {
			if out, over := c.noStep(ctx); over {
				return out, false
			}
			continue
		}
		if out, over := c.after(ctx, c.steps(ctx, p)); over {
			return out.Outcome, out.returned
		}
	}
}

// ended is how a loop ends.
type ended struct {
	Outcome
	returned bool // from the Sub that called it
}

// after goes on after a step, or says how the loop ends. It is a function of its own so
// that an application which waits for hours does so on a smaller stack.
func (c *Call) after(ctx context.Context, err error) (out ended, over bool) {
	switch {
	case ctx.Err() != nil:
		return ended{Outcome: Outcome{End: EndGone}}, true
	case err == nil:
		c.advance()
	case errors.Is(err, errSubReturned):
		return ended{returned: true}, true
	case errors.Is(err, ErrHangup), errors.Is(err, errNoDigits), errors.Is(err, errInvalidDigits):
		return ended{Outcome: Outcome{End: endOf(err)}}, true
	case errors.Is(err, ErrAbsoluteTimeout):
		c.deadline = time.Time{}
		if !c.divert(AbsoluteTimeoutExten) {
			c.log.Info("absolute timeout", "at", c.where())
			return ended{Outcome: Outcome{End: EndTimeout}}, true
		}
	default:
		if c.Strict() || fault.Of(err) == fault.TooMany || c.at.Exten == ExceptionExten || !c.except("ERROR") {
			return ended{Outcome: Outcome{End: EndFailed, Err: err, Cause: fault.Internal.Cause()}}, true
		}
		c.warn("application failed, going on at e", "err", err)
	}
	return ended{}, false
}

// steps runs one priority, and what was written under its number by mistake.
func (c *Call) steps(ctx context.Context, p *Priority) error {
	c.jumped = false
	if err := c.step(ctx, p); err != nil || c.jumped {
		return err
	}
	for i := range p.Also {
		if err := c.step(ctx, &p.Also[i]); err != nil || c.jumped {
			return err
		}
	}
	return nil
}

func (c *Call) step(ctx context.Context, p *Priority) error {
	app, args, err := c.prepare(p)
	if err != nil {
		return err
	}
	if c.deadline.IsZero() {
		err = c.guard(ctx, app, args)
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.deadline.Sub(c.Now()), ErrAbsoluteTimeout)
		defer cancel()
		err = c.guard(ctx, app, args)
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrAbsoluteTimeout) {
		return ErrAbsoluteTimeout
	}
	return err
}

// prepare is what comes before a step.
func (c *Call) prepare(p *Priority) (app Application, args string, err error) {
	c.line = p
	if !c.budget.take(c.Now(), c.exec.config) {
		return app, "", fault.New(fault.TooMany, "endless loop at %s:%d: more than %d steps", p.File, p.Line, c.exec.config.Burst)
	}
	if !c.deadline.IsZero() && !c.Now().Before(c.deadline) {
		return app, "", ErrAbsoluteTimeout
	}
	app, ok := c.exec.apps.Find(p.App)
	if !ok {
		return app, "", fault.New(fault.Unsupported, "%s:%d: no application %q", p.File, p.Line, p.App)
	}
	args = c.Substitute(p.Args)
	c.ch.Executing(c.at, app.Name, args)
	return app, args, nil
}

// guard runs an application and turns its panic into an error.
func (c *Call) guard(ctx context.Context, a Application, args string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("application %s panicked: %v\n%s", a.Name, r, debug.Stack())
		}
	}()
	if err = a.Run(ctx, c, args); err != nil && !errors.Is(err, ErrHangup) {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	return err
}

// advance goes to the next priority, or where the application pointed.
func (c *Call) advance() {
	if c.jumped {
		c.at, c.jumped = c.next, false
		return
	}
	c.at.Priority++
}
