// Package planned knows the conferences that a dialplan has of its own: those whose number stands in
// it, as in ConfBridge(9100). Numbers that are dialled, as those of _9XXX,1,ConfBridge(${EXTEN}), are
// anybody's.
//
// It starts no goroutine.
package planned

import (
	"strings"
	"sync"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Numbers are those of the plan as it is now.
type Numbers struct {
	plan func() *dialplan.Plan

	mu   sync.Mutex
	of   *dialplan.Plan // whose numbers are known
	have map[string]bool
}

// New makes Numbers; plan gives the plan as it is now, or nil for none.
func New(plan func() *dialplan.Plan) *Numbers { return &Numbers{plan: plan} }

// Has reports whether a number is one of the plan's own conferences.
func (n *Numbers) Has(number string) bool {
	now := n.plan()
	n.mu.Lock()
	defer n.mu.Unlock()
	if now != n.of { // it was loaded anew
		n.of, n.have = now, of(now)
	}
	return n.have[number]
}

func of(p *dialplan.Plan) map[string]bool {
	have := make(map[string]bool)
	if p == nil {
		return have
	}
	for _, c := range p.Contexts() {
		for _, e := range c.Extensions {
			dialled := ""
			if !e.Pattern.IsPattern() {
				dialled = e.Pattern.Key()
			}
			for _, step := range e.Priorities {
				for _, s := range append([]dialplan.Priority{step}, step.Also...) {
					if number := conference(s, dialled); number != "" {
						have[number] = true
					}
				}
			}
		}
	}
	return have
}

// conference is the number of the conference of a step, where that is known before somebody dials;
// else nothing.
func conference(s dialplan.Priority, dialled string) string {
	if !strings.EqualFold(s.App, "ConfBridge") {
		return ""
	}
	number, _, _ := strings.Cut(s.Args, ",")
	number = strings.ReplaceAll(strings.TrimSpace(number), "${EXTEN}", dialled)
	if strings.Contains(number, "$") {
		return ""
	}
	return number
}
