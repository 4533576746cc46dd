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
		if _, ok := apps.Find(step.App); !ok {
			w.Add(asterisk.Warning{File: step.File, Line: step.Line, Text: fmt.Sprintf("there is no application %q", step.App),
				Here: "a call that comes here is ended"})
		}
		for _, name := range functionNames(step.Args) {
			if _, ok := funcs.Find(name); !ok {
				w.Add(asterisk.Warning{File: step.File, Line: step.Line, Text: fmt.Sprintf("there is no function %s", name),
					Here: "it expands to nothing"})
			}
		}
	})
	return w.List()
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
