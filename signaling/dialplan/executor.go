package dialplan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Options are what an executor is made of.
type Options struct {
	Config Config
	// Plan gives the plan as it is now; it is asked before every step.
	Plan func() *Plan
	// Apps and Functions must hold what the plans use: Builtins and the package
	// function are what is independent of the server.
	Apps      Apps
	Functions Functions
	Globals   *Globals
	Log       *slog.Logger
	// Now is the clock for includes, EPOCH and timeouts; nil is time.Now.
	Now func() time.Time
	// SystemName and EntityID are ${SYSTEMNAME} and ${ENTITYID}.
	SystemName string
	EntityID   string
}

// Executor runs calls through a plan. It is safe for many calls at once.
type Executor struct {
	config  Config
	plan    func() *Plan
	apps    Apps
	funcs   Functions
	globals *Globals
	log     *slog.Logger
	now     func() time.Time
	system  string
	entity  string
}

// NewExecutor makes an executor. Plan, Globals and Log must be given.
func NewExecutor(o Options) (*Executor, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Plan == nil || o.Globals == nil || o.Log == nil {
		return nil, errors.New("dialplan: executor without a plan, globals or a logger")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Executor{
		config: o.Config, plan: o.Plan, apps: o.Apps, funcs: o.Functions, globals: o.Globals,
		log: o.Log, now: o.Now, system: o.SystemName, entity: o.EntityID,
	}, nil
}

// Apps is the table of applications.
func (x *Executor) Apps() Apps { return x.apps }

// Functions is the table of functions.
func (x *Executor) Functions() Functions { return x.funcs }

// Globals are the global variables.
func (x *Executor) Globals() *Globals { return x.globals }

// Plan is the plan as it is now.
func (x *Executor) Plan() *Plan { return x.plan() }

// NewCall makes the call of a channel. It holds what outlives a redirection: the
// subroutine stack, the timeouts.
func (x *Executor) NewCall(ch Channel) *Call {
	return &Call{
		exec: x, ch: ch,
		log:      x.log.With("channel", ch.Name()),
		response: x.config.ResponseTimeout,
		digit:    x.config.DigitTimeout,
		budget:   budget{left: float64(x.config.Burst), at: x.now()},
	}
}

// Run is NewCall and Call.Run, for a channel that is never redirected.
func (x *Executor) Run(ctx context.Context, ch Channel, start Position) Outcome {
	return x.NewCall(ch).Run(ctx, start)
}

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

// loop runs steps until the call is over or leaves the plan, or until the Sub that
// called it has returned.
func (c *Call) loop(ctx context.Context) (out Outcome, returned bool) {
	for {
		if ctx.Err() != nil {
			return Outcome{End: EndGone}, false
		}
		found, ok := c.find(c.at)
		if !ok {
			if out, over := c.noStep(ctx); over {
				return out, false
			}
			continue
		}
		err := c.steps(ctx, found.Priority)
		switch {
		case ctx.Err() != nil:
			return Outcome{End: EndGone}, false
		case err == nil:
			c.advance()
		case errors.Is(err, errSubReturned):
			return Outcome{}, true
		case errors.Is(err, ErrHangup), errors.Is(err, errNoDigits), errors.Is(err, errInvalidDigits):
			return Outcome{End: endOf(err)}, false
		case errors.Is(err, ErrAbsoluteTimeout):
			c.deadline = time.Time{}
			if !c.divert(AbsoluteTimeoutExten) {
				c.log.Info("absolute timeout", "at", c.where())
				return Outcome{End: EndTimeout}, false
			}
		default:
			if fault.Of(err) == fault.TooMany || c.at.Exten == ExceptionExten || !c.except("ERROR") {
				return Outcome{End: EndFailed, Err: err, Cause: fault.Internal.Cause()}, false
			}
			c.warn("application failed, going on at e", "err", err)
		}
	}
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
	c.line = p
	if !c.budget.take(c.Now(), c.exec.config) {
		return fault.New(fault.TooMany, "endless loop at %s:%d: more than %d steps", p.File, p.Line, c.exec.config.Burst)
	}
	if !c.deadline.IsZero() {
		if !c.Now().Before(c.deadline) {
			return ErrAbsoluteTimeout
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.deadline.Sub(c.Now()), ErrAbsoluteTimeout)
		defer cancel()
	}
	app, ok := c.exec.apps.Find(p.App)
	if !ok {
		return fault.New(fault.Unsupported, "%s:%d: no application %q", p.File, p.Line, p.App)
	}
	args := c.Substitute(p.Args)
	c.ch.Executing(c.at, app.Name, args)
	err := c.guard(ctx, app, args)
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrAbsoluteTimeout) {
		return ErrAbsoluteTimeout
	}
	return err
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

// endOf is the end that an error from Collect means.
func endOf(err error) End {
	switch {
	case errors.Is(err, ErrHangup):
		return EndHangup
	case errors.Is(err, errNoDigits):
		return EndTimeout
	case errors.Is(err, errInvalidDigits):
		return EndInvalid
	}
	return EndFailed
}

func failureOf(err error) error {
	if endOf(err) == EndFailed {
		return err
	}
	return nil
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
