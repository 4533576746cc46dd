package dialstring

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// MaxTargets bounds the targets of one list.
const MaxTargets = 64

// ParseList reads TECH/resource&TECH/resource. Empty places are passed over, and there may
// be nothing else: a function had nobody to name.
func ParseList(list string) ([]Target, error) {
	var targets []Target
	for name := range strings.SplitSeq(list, "&") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if len(targets) == MaxTargets {
			return nil, fault.New(fault.TooMany, "more than %d endpoints", MaxTargets)
		}
		t, err := Parse(name)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// OnePhone is the phone that targets are, if they are all of one: a single target, or
// contacts of one endpoint.
func OnePhone(targets []Target) (Target, bool) {
	if len(targets) == 0 {
		return Target{}, false
	}
	first := targets[0]
	one, _ := first.Contact()
	for _, t := range targets[1:] {
		c, ok := t.Contact()
		if !ok || !strings.EqualFold(t.Tech, first.Tech) || !strings.EqualFold(c.Endpoint, one.Endpoint) {
			return Target{}, false
		}
	}
	return first, true
}
