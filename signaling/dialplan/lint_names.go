package dialplan

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// LintNames warns of applications and functions that a plan uses and the tables lack.
func LintNames(p *Plan, apps Apps, funcs Functions) []asterisk.Warning {
	var w asterisk.Warnings
	p.eachStep(func(_ *Context, _ *Extension, step *Priority) {
		warn := func(here, format string, args ...any) {
			w.Add(asterisk.Warning{File: step.File, Line: step.Line, Text: fmt.Sprintf(format, args...), Here: here})
		}
		for _, u := range usesOf(step) {
			if _, ok := apps.Find(u.app); !ok {
				warn("a call that comes here is ended", "there is no application %q", u.app)
			}
			if name, ok := u.writes(); ok {
				switch f, ok := funcs.Find(name); {
				case !ok:
					warn("nothing is set", "there is no function %s", name)
				case f.Write == nil:
					warn("nothing is set", "function %s cannot be set", name)
				}
			}
		}
		for _, name := range functionNames(step.Args) {
			switch f, ok := funcs.Find(name); {
			case !ok:
				warn("it expands to nothing", "there is no function %s", name)
			case f.Read == nil:
				warn("it expands to nothing", "function %s cannot be read", name)
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
