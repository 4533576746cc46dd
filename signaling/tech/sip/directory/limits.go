package directory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
)

// PhoneCalls is how many calls a phone may begin within a minute: PerMinute, or what Of has for
// it by name; 0 is no limit.
type PhoneCalls struct {
	PerMinute int
	Of        map[string]int
	// File and Line are where Of stands, for warnings.
	File string
	Line int
}

func (c *PhoneCalls) of(name string) int {
	for other, n := range c.Of {
		if strings.EqualFold(other, name) {
			return n
		}
	}
	return c.PerMinute
}

// unknown warns of names that are no phone's.
func (b *builder) unknown(c *PhoneCalls) {
	for _, name := range slices.Sorted(maps.Keys(c.Of)) {
		if !slices.ContainsFunc(b.directory.Endpoints, func(e Endpoint) bool { return strings.EqualFold(e.Name, name) && !e.Trunk() }) {
			b.warnings.Add(asterisk.Warning{File: c.File, Line: c.Line, Text: fmt.Sprintf("phone_calls: %s is no phone", name),
				Here: "the limit is nobody's", Fix: "name an endpoint, or for a trunk set calls_per_second"})
		}
	}
}
