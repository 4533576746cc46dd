package dialplan

import (
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// Substitute expands text for this call and logs what could not be expanded.
func (c *Call) Substitute(text string) string {
	out, err := substitute.Text(c, text)
	if err != nil {
		c.warn("substitution", "err", err)
	}
	return out
}

// Var is a variable of the call: one that every call has, else a subroutine's, else
// the channel's, else a global.
func (c *Call) Var(name string) (string, bool) {
	if v, ok := c.builtin(name); ok {
		return v, true
	}
	if v, ok := c.Local(name); ok {
		return v, true
	}
	if v, ok := c.ch.Var(name); ok {
		return v, true
	}
	return c.exec.globals.Get(name)
}

// Eval substitutes a text that is itself the result of a substitution, as EVAL() does.
func (c *Call) Eval(text string) (string, error) { return substitute.Text(c, text) }

// Exception is why the call came to the e extension, and from where; the reason is ""
// while it did not.
func (c *Call) Exception() (reason string, from Position) { return c.failure.reason, c.failure.at }

// Local is LOCAL(name): a variable of the subroutine that runs, or of those that called
// it.
func (c *Call) Local(name string) (string, bool) {
	if f := c.owner(name); f != nil {
		for _, v := range f.vars {
			if v.Name == name {
				return v.Value, true
			}
		}
	}
	return "", false
}

// SetLocal sets a variable that lasts until Return. Outside a subroutine it is an error.
func (c *Call) SetLocal(name, value string) error {
	if len(c.stack) == 0 {
		return errNoSubroutine
	}
	c.stack[len(c.stack)-1].set(name, value)
	return nil
}

// owner is the innermost subroutine that has a variable, or nil.
func (c *Call) owner(name string) *frame {
	for i := len(c.stack) - 1; i >= 0; i-- {
		for _, v := range c.stack[i].vars {
			if v.Name == name {
				return &c.stack[i]
			}
		}
	}
	return nil
}

func (c *Call) builtin(name string) (string, bool) {
	switch name {
	case "EXTEN":
		return c.at.Exten, true
	case "CONTEXT":
		return c.at.Context, true
	case "PRIORITY":
		return strconv.Itoa(c.at.Priority), true
	case "CHANNEL":
		return c.ch.Name(), true
	case "UNIQUEID":
		return c.ch.ID(), true
	case "HANGUPCAUSE":
		return strconv.Itoa(c.ch.HangupCause()), true
	case "EPOCH":
		return strconv.FormatInt(c.Now().Unix(), 10), true
	case "CALLINGPRES", "CALLINGANI2", "CALLINGTON", "CALLINGTNS":
		return "0", true
	case "SYSTEMNAME":
		return c.exec.system, true
	case "ENTITYID":
		return c.exec.entity, true
	case "HINT":
		if h := c.Plan().FindHint(c.at.Context, c.at.Exten, c.ch.CallerID().Number, c.Now()); h != nil {
			return h.App, true
		}
		return "", true
	}
	return "", false
}

// SetVar sets a variable, or writes a function when name is NAME(args).
func (c *Call) SetVar(name, value string) error {
	if open := strings.IndexByte(name, '('); open >= 0 {
		args := name[open+1:]
		if end := strings.LastIndexByte(args, ')'); end >= 0 {
			args = args[:end]
		}
		return c.WriteFunction(strings.TrimSpace(name[:open]), args, value)
	}
	if f := c.owner(name); f != nil {
		f.set(name, value)
		return nil
	}
	c.ch.SetVar(name, value)
	return nil
}

// ReadFunction is the value of NAME(args). A function that does not exist is an
// error of kind fault.NotFound, one that cannot be read of kind fault.Unsupported.
func (c *Call) ReadFunction(name, args string) (string, error) {
	f, ok := c.exec.funcs.Find(name)
	if !ok {
		return "", fault.New(fault.NotFound, "no function %s", name)
	}
	if f.Read == nil {
		return "", fault.New(fault.Unsupported, "function %s cannot be read", name)
	}
	if err := c.enter(); err != nil {
		return "", err
	}
	defer c.leave()
	return f.Read(c, args)
}

// WriteFunction is Set(NAME(args)=value), with ReadFunction's errors.
func (c *Call) WriteFunction(name, args, value string) error {
	f, ok := c.exec.funcs.Find(name)
	if !ok {
		return fault.New(fault.NotFound, "no function %s", name)
	}
	if f.Write == nil {
		return fault.New(fault.Unsupported, "function %s cannot be set", name)
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	return f.Write(c, args, value)
}

// enter begins a function. One that reads others, as EVAL and CUT do, can be led round
// in circles by a value, even by a caller's name: so their depth is bounded, and each
// within another costs a step.
func (c *Call) enter() error {
	if c.nesting >= substitute.MaxNesting || c.nesting > 0 && !c.budget.take(c.Now(), c.exec.config) {
		return substitute.ErrTooDeep
	}
	c.nesting++
	return nil
}

func (c *Call) leave() { c.nesting-- }
