package lint

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Names warns of applications and functions that a plan uses and the tables lack.
func Names(p *dialplan.Plan, apps dialplan.Apps, funcs dialplan.Functions) []asterisk.Warning {
	var w asterisk.Warnings
	warn := func(at step, here, format string, args ...any) {
		w.Add(asterisk.Warning{File: at.priority.File, Line: at.priority.Line, Text: fmt.Sprintf(format, args...), Here: here})
	}
	eachUse(p, func(at step, u use) {
		if _, ok := apps.Find(u.app); !ok {
			warn(at, "a call that comes here is ended", "there is no application %q", u.app)
		}
		if name, ok := u.writes(); ok {
			switch f, ok := funcs.Find(name); {
			case !ok:
				warn(at, "nothing is set", "there is no function %s", name)
			case f.Write == nil:
				warn(at, "nothing is set", "function %s cannot be set", name)
			}
		}
	})
	eachStep(p, func(at step) {
		for _, name := range functionNames(at.priority.Args) {
			switch f, ok := funcs.Find(name); {
			case !ok:
				warn(at, "it expands to nothing", "there is no function %s", name)
			case f.Read == nil:
				warn(at, "it expands to nothing", "function %s cannot be read", name)
			}
		}
	})
	return w.List()
}

// writes is the function that Set(NAME(args)=value) writes.
func (u use) writes() (name string, ok bool) {
	if !strings.EqualFold(u.app, "Set") {
		return "", false
	}
	name, rest, ok := strings.Cut(u.args, "(")
	name = strings.TrimSpace(name)
	return name, ok && name != "" && !strings.ContainsAny(name, "$=") && strings.Contains(rest, ")")
}

// functionNames are the names of ${NAME(...)} in a text, at any depth.
func functionNames(text string) []string {
	var names []string
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			return names
		}
		text = text[i+2:]
		end := strings.IndexAny(text, "(${}:")
		if end > 0 && text[end] == '(' {
			names = append(names, text[:end])
		}
	}
}
