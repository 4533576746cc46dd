package lint

import (
	"fmt"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// Targets warns of jumps and includes that lead to places that do not exist, and of
// extensions that nobody can dial. Jumps whose target is computed are not judged. strict
// judges slips as Asterisk does.
func Targets(p *dialplan.Plan, strict bool) []asterisk.Warning {
	j := judge{plan: p, strict: strict}
	eachUse(p, func(at step, u use) {
		for _, target := range u.targets() {
			j.target(at, u.app, target)
		}
	})
	for _, c := range p.Contexts() {
		for i := range c.Includes {
			j.include(&c.Includes[i])
		}
		for _, e := range c.Extensions {
			j.begin(e)
		}
	}
	return j.warnings.List()
}

type judge struct {
	plan     *dialplan.Plan
	strict   bool
	warnings asterisk.Warnings
}

func (j *judge) include(inc *dialplan.Include) {
	if j.plan.Context(inc.Context) == nil {
		j.warnings.Add(asterisk.Warning{File: inc.File, Line: inc.Line, Text: fmt.Sprintf("included context %q does not exist", inc.Context),
			Here: "nothing is included"})
	}
}

// highPriority is where the numbers begin that are entry points for Gosub; below, an
// extension that does not begin at 1 is a slip.
const highPriority = 100

func (j *judge) begin(e *dialplan.Extension) {
	if len(e.Priorities) == 0 {
		return
	}
	if first := &e.Priorities[0]; first.Number > 1 && first.Number < highPriority {
		j.warnings.Add(asterisk.Warning{File: first.File, Line: first.Line,
			Text: fmt.Sprintf("extension %s begins at priority %d", e.Name(), first.Number),
			Here: "it is never reached by dialling, unless another extension has priority 1", Fix: "begin with 1"})
	}
}

func (j *judge) target(at step, app, target string) {
	warning := asterisk.Warning{File: at.priority.File, Line: at.priority.Line,
		Asterisk: "hangs the call up there", Here: "the call is ended there"}
	say := func(format string, args ...any) {
		warning.Text = fmt.Sprintf("%s(%s): ", app, target) + fmt.Sprintf(format, args...)
		j.warnings.Add(warning)
	}
	context, exten, priority := argument.Target(target)
	to := at.context
	if context != "" {
		to = j.plan.Context(context)
	}
	if to == nil {
		say("there is no context %q", context)
		return
	}
	if exten != "" {
		if !j.matches(to, exten) {
			warning.Asterisk, warning.Here = "", "the call goes to i there, or is ended"
			say("there is no extension %q in context %q", exten, to.Name)
		}
		return
	}
	if _, err := strconv.Atoi(priority); err == nil || at.extension.Labelled(priority) > 0 || j.labelled(to, priority) {
		return
	}
	if !j.matches(to, priority) {
		say("%q is no label of extension %s", priority, at.extension.Name())
		return
	}
	warning.Fix = fmt.Sprintf("write %s,1", priority)
	if !j.strict {
		warning.Here = fmt.Sprintf("the call goes to %s,1", priority)
	}
	say("%q is no label of extension %s, but an extension", priority, at.extension.Name())
}

// matches reports whether an extension exists in a context or what it includes, at any
// time and for any caller. A switch may know every extension.
func (j *judge) matches(c *dialplan.Context, exten string) bool {
	return j.inReach(c, make(map[*dialplan.Context]bool), func(c *dialplan.Context) bool {
		return c.Matches(exten) || len(c.Switches) > 0
	})
}

// labelled reports whether a label could be found by another extension that matches the
// same number: by a pattern of the context, by anything in what it includes.
func (j *judge) labelled(c *dialplan.Context, label string) bool {
	return j.inReach(c, make(map[*dialplan.Context]bool), func(in *dialplan.Context) bool {
		for _, e := range in.Extensions {
			if (in != c || e.Pattern.IsPattern()) && e.Labelled(label) > 0 {
				return true
			}
		}
		return false
	})
}

// inReach reports whether a context, or one that it includes, answers with yes.
func (j *judge) inReach(c *dialplan.Context, seen map[*dialplan.Context]bool, is func(*dialplan.Context) bool) bool {
	if c == nil || seen[c] {
		return false
	}
	seen[c] = true
	if is(c) {
		return true
	}
	for _, inc := range c.Includes {
		if j.inReach(j.plan.Context(inc.Context), seen, is) {
			return true
		}
	}
	return false
}
