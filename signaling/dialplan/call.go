package dialplan

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Call is one channel in the dialplan: its place, its subroutine stack, its
// timeouts. Executor.NewCall makes it, once per channel. Except for HungUp its
// methods belong to the goroutine that is in Run, which is where applications and
// functions are called.
type Call struct {
	exec *Executor
	ch   Channel
	log  *slog.Logger

	at      Position
	next    Position
	jumped  bool
	line    *Priority // the step that runs, for messages
	stack   []frame
	failure exception

	response time.Duration
	digit    time.Duration
	deadline time.Time

	budget  budget
	hungUp  atomic.Bool
	nesting int // functions that are being read or written
}

// frame is one level of Gosub, Macro or Sub.
type frame struct {
	back  Position // where the caller goes on
	vars  []Variable
	macro string // the context of a Macro, which ends where its steps end
	sub   bool   // the lowest level of a Sub: Return ends it
}

func (f *frame) set(name, value string) {
	for i := range f.vars {
		if f.vars[i].Name == name {
			f.vars[i].Value = value
			return
		}
	}
	f.vars = append(f.vars, Variable{name, value})
}

// exception is what the e extension can ask with EXCEPTION().
type exception struct {
	reason string
	at     Position
}

// Channel is the call's channel.
func (c *Call) Channel() Channel { return c.ch }

// Log is a logger that names the channel.
func (c *Call) Log() *slog.Logger { return c.log }

// Plan is the dialplan as it is now; a reload changes it between two steps.
func (c *Call) Plan() *Plan { return c.exec.plan() }

// Now is the executor's clock.
func (c *Call) Now() time.Time { return c.exec.now() }

// Globals are the global variables.
func (c *Call) Globals() *Globals { return c.exec.globals }

// Strict reports whether Asterisk's own results are wanted for slips.
func (c *Call) Strict() bool { return c.exec.config.Strict }

// Position is the step that runs.
func (c *Call) Position() Position { return c.at }

// HungUp reports whether the channel is gone: the h extension runs. It is safe for
// several goroutines.
func (c *Call) HungUp() bool { return c.hungUp.Load() }

// Goto sends the call to a position when the application that runs returns nil.
func (c *Call) Goto(to Position) { c.next, c.jumped = to, true }

// GotoTarget is Goto by text: "[[context,]exten,]priority", where priority is a
// number, a label, or +n or -n from here. The error, of kind fault.NotFound, says
// that the label is none. The extension itself is looked for only at the next step.
func (c *Call) GotoTarget(target string) error {
	to, err := c.resolve(target)
	if err != nil {
		return err
	}
	c.Goto(to)
	return nil
}

// Exists reports whether an extension has a first priority here and now.
func (c *Call) Exists(context, exten string) bool {
	return c.Plan().Exists(context, exten, c.ch.CallerID().Number, c.Now())
}

// Exec runs an application by name, args already substituted, as AGI's exec and
// ExecIf do. An unknown one is an error of kind fault.Unsupported.
func (c *Call) Exec(ctx context.Context, app, args string) error {
	a, ok := c.exec.apps.Find(app)
	if !ok {
		return fault.New(fault.Unsupported, "no application %q", app)
	}
	c.ch.Executing(c.at, a.Name, args)
	return c.guard(ctx, a, args)
}

// where is the file and line of the step that runs, for messages.
func (c *Call) where() string {
	if c.line == nil {
		return c.at.String()
	}
	return fmt.Sprintf("%s:%d", c.line.File, c.line.Line)
}

// A warning costs as much as many steps, so that no loop fills the log, and shows only
// the beginning of a text.
const (
	warningSteps = 100
	maxLogged    = 400 // bytes
)

// warn logs what the writer of the plan should know.
func (c *Call) warn(msg string, args ...any) {
	c.budget.left -= warningSteps
	for i := range args {
		if text, ok := args[i].(string); ok && len(text) > maxLogged {
			args[i] = text[:maxLogged] + "..."
		}
	}
	c.log.Warn(msg, append([]any{"at", c.where()}, args...)...)
}
