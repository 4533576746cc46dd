package dialplan

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// ArgumentChecks judge the arguments of applications, as a file has them, by the
// applications' names in lower case. What they find has no place yet.
type ArgumentChecks map[string]func(args string) []asterisk.Warning

// LintArguments warns of what the checks find in the steps of a plan.
func LintArguments(p *Plan, checks ArgumentChecks) []asterisk.Warning {
	var w asterisk.Warnings
	p.eachStep(func(_ *Context, _ *Extension, step *Priority) {
		for _, u := range usesOf(step) {
			judge := checks[strings.ToLower(u.app)]
			if judge == nil {
				continue
			}
			for _, found := range judge(u.args) {
				found.File, found.Line = step.File, step.Line
				w.Add(found)
			}
		}
	})
	return w.List()
}
