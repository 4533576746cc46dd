package dialplan

import (
	"fmt"
	"strconv"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

// lintTargets warns of jumps to places that do not exist. Jumps whose target is
// computed are not judged.
func lintTargets(p *Plan, strict bool, w *asterisk.Warnings) {
	p.eachStep(func(c *Context, e *Extension, step *Priority) {
		for _, u := range usesOf(step) {
			for _, target := range u.targets() {
				lintTarget(p, c, e, step, u.app, target, strict, w)
			}
		}
	})
	for _, c := range p.contexts {
		for _, inc := range c.Includes {
			if p.byName[inc.Context] == nil {
				w.Add(asterisk.Warning{File: inc.File, Line: inc.Line, Text: fmt.Sprintf("included context %q does not exist", inc.Context),
					Here: "nothing is included"})
			}
		}
		for _, e := range c.Extensions {
			// High numbers are entry points for Gosub; low ones a slip.
			if first := firstPriority(e); first != nil && first.Number > 1 && first.Number < 100 {
				w.Add(asterisk.Warning{File: first.File, Line: first.Line,
					Text: fmt.Sprintf("extension %s begins at priority %d", e.Name(), first.Number),
					Here: "it is never reached by dialling, unless another extension has priority 1", Fix: "begin with 1"})
			}
		}
	}
}

func firstPriority(e *Extension) *Priority {
	if len(e.Priorities) == 0 {
		return nil
	}
	return &e.Priorities[0]
}

// eachStep visits every step of a plan.
func (p *Plan) eachStep(visit func(*Context, *Extension, *Priority)) {
	for _, c := range p.contexts {
		for _, e := range c.Extensions {
			for i := range e.Priorities {
				visit(c, e, &e.Priorities[i])
				for j := range e.Priorities[i].Also {
					visit(c, e, &e.Priorities[i].Also[j])
				}
			}
		}
	}
}

func lintTarget(p *Plan, c *Context, e *Extension, step *Priority, app, target string, strict bool, w *asterisk.Warnings) {
	warning := asterisk.Warning{File: step.File, Line: step.Line, Asterisk: "hangs the call up there", Here: "the call is ended there"}
	context, exten, priority := splitTarget(target)
	if context == "" {
		context = c.Name
	}
	to := p.byName[context]
	if to == nil {
		warning.Text = fmt.Sprintf("%s(%s): there is no context %q", app, target, context)
		w.Add(warning)
		return
	}
	if exten != "" {
		if !p.anyMatches(to, exten, make(map[*Context]bool)) {
			warning.Text = fmt.Sprintf("%s(%s): there is no extension %q in context %q", app, target, exten, context)
			warning.Asterisk, warning.Here = "", "the call goes to i there, or is ended"
			w.Add(warning)
		}
		return
	}
	if _, err := strconv.Atoi(priority); err == nil || e.Labelled(priority) > 0 || p.labelInReach(to, priority, make(map[*Context]bool)) {
		return
	}
	if !p.anyMatches(to, priority, make(map[*Context]bool)) {
		warning.Text = fmt.Sprintf("%s(%s): %q is no label of extension %s", app, target, priority, e.Name())
		w.Add(warning)
		return
	}
	warning.Text = fmt.Sprintf("%s(%s): %q is no label of extension %s, but an extension", app, target, priority, e.Name())
	warning.Fix = fmt.Sprintf("write %s,1", priority)
	if !strict {
		warning.Here = fmt.Sprintf("the call goes to %s,1", priority)
	}
	w.Add(warning)
}

// anyMatches reports whether an extension exists in a context or what it includes,
// at any time and for any caller.
func (p *Plan) anyMatches(c *Context, exten string, seen map[*Context]bool) bool {
	if c == nil || seen[c] {
		return false
	}
	seen[c] = true
	plain, patterns := c.candidates(exten, pattern.Match)
	for _, list := range [2][]*Extension{plain, patterns} {
		for _, e := range list {
			if e.Pattern.Match(exten, pattern.Match) != pattern.No {
				return true
			}
		}
	}
	for _, inc := range c.Includes {
		if p.anyMatches(p.byName[inc.Context], exten, seen) {
			return true
		}
	}
	return len(c.Switches) > 0
}

// labelInReach reports whether a label could be found by another extension that
// matches the same number, in the context or in what it includes.
func (p *Plan) labelInReach(c *Context, label string, seen map[*Context]bool) bool {
	if c == nil || seen[c] {
		return false
	}
	seen[c] = true
	for _, e := range c.Extensions {
		if e.Pattern.IsPattern() && e.Labelled(label) > 0 {
			return true
		}
	}
	for _, inc := range c.Includes {
		if included := p.byName[inc.Context]; p.labelInReach(included, label, seen) || anyLabelled(included, label) {
			return true
		}
	}
	return false
}

func anyLabelled(c *Context, label string) bool {
	if c == nil {
		return false
	}
	for _, e := range c.Extensions {
		if e.Labelled(label) > 0 {
			return true
		}
	}
	return false
}
