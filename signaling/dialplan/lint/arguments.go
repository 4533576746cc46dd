package lint

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Checks judge the arguments of applications, as a file has them, by the applications'
// names in lower case. What they find has no place yet.
type Checks map[string]func(args string) []asterisk.Warning

// Arguments warns of what the checks find in the steps of a plan.
func Arguments(p *dialplan.Plan, checks Checks) []asterisk.Warning {
	var w asterisk.Warnings
	eachUse(p, func(at step, u use) {
		if check := checks[strings.ToLower(u.app)]; check != nil {
			for _, found := range check(u.args) {
				found.File, found.Line = at.priority.File, at.priority.Line
				w.Add(found)
			}
		}
	})
	return w.List()
}
