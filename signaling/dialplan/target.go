package dialplan

import (
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// resolve turns a Goto target into a position.
func (c *Call) resolve(target string) (Position, error) {
	context, exten, priority := argument.Target(target)
	to := c.at
	if context != "" {
		to.Context = context
	}
	if exten != "" {
		to.Exten = exten
	}
	if priority == "" {
		return Position{}, fault.New(fault.NotFound, "goto %q: no priority", target)
	}
	if n, err := strconv.Atoi(priority); err == nil {
		if priority[0] == '+' || priority[0] == '-' {
			n += c.at.Priority
		}
		if n < 1 {
			return Position{}, fault.New(fault.NotFound, "goto %q: priority below 1", target)
		}
		to.Priority = n
		return to, nil
	}
	caller := c.ch.CallerID().Number
	if n := c.Plan().FindLabel(to.Context, to.Exten, priority, caller, c.Now()); n > 0 {
		to.Priority = n
		return to, nil
	}
	// Goto(error), meant as Goto(error,1): the loader has warned of it.
	if exten == "" && !c.Strict() && c.Exists(to.Context, priority) {
		return Position{to.Context, priority, 1}, nil
	}
	return Position{}, fault.New(fault.NotFound, "goto %q: %q is no label of extension %q in context %q",
		target, priority, to.Exten, to.Context)
}
