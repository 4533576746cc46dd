package lint

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// step is one step of a plan and where it stands.
type step struct {
	context   *dialplan.Context
	extension *dialplan.Extension
	priority  *dialplan.Priority
}

func eachStep(p *dialplan.Plan, visit func(step)) {
	for _, c := range p.Contexts() {
		for _, e := range c.Extensions {
			for i := range e.Priorities {
				visit(step{c, e, &e.Priorities[i]})
				for k := range e.Priorities[i].Also {
					visit(step{c, e, &e.Priorities[i].Also[k]})
				}
			}
		}
	}
}

// use is an application and its arguments, as a file has them.
type use struct{ app, args string }

// maxExec bounds how many Execs within one another are looked into.
const maxExec = 8

// eachUse visits the application of every step and those that it hands to Exec and
// ExecIf. One whose name is computed is none.
func eachUse(p *dialplan.Plan, visit func(step, use)) {
	eachStep(p, func(at step) { uses(at, use{at.priority.App, at.priority.Args}, maxExec, visit) })
}

func uses(at step, u use, depth int, visit func(step, use)) {
	visit(at, u)
	if depth == 0 {
		return
	}
	var inner [2]string
	switch strings.ToLower(u.app) {
	case "exec":
		inner[0] = u.args
	case "execif":
		_, inner[0], inner[1] = argument.Choice(u.args, false)
	}
	for _, text := range inner {
		app, args, _ := argument.Application(text) // also without its closing parenthesis
		if app != "" && !strings.Contains(app, "$") {
			uses(at, use{app, args}, depth-1, visit)
		}
	}
}

// targets are the places it may send a call to that can be read without running it.
func (u use) targets() []string {
	var all []string
	switch strings.ToLower(u.app) {
	case "goto":
		all = []string{u.args}
	case "gotoif", "gotoiftime":
		all = branches(u.args)
	case "gosub":
		all = []string{withoutArguments(u.args)}
	case "gosubif":
		for _, t := range branches(u.args) {
			all = append(all, withoutArguments(t))
		}
	}
	var constant []string
	for _, t := range all {
		if t = strings.TrimSpace(t); t != "" && !strings.Contains(t, "$") {
			constant = append(constant, t)
		}
	}
	return constant
}

// branches are those of "condition?yes:no".
func branches(args string) []string {
	_, choice, _ := cutOutside(args, '?')
	yes, no, _ := cutOutside(choice, ':')
	return []string{yes, no}
}

// withoutArguments is the place in "place(arguments)".
func withoutArguments(target string) string {
	place, _, _ := strings.Cut(target, "(")
	return place
}

// cutOutside is strings.Cut at the first sep that is within no bracket.
func cutOutside(text string, sep byte) (before, after string, found bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '['):
			inner, _, _ := substitute.Bracket(text[i+2:], text[i+1])
			i += 2 + len(inner)
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == sep && depth == 0:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}
