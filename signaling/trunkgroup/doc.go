// Package trunkgroup decides which trunk takes an outgoing call: the members of a
// group by priority and weight (as RFC 2782 chooses among servers), another one when
// one fails, none that is down, at its limit or has asked for a rest (Retry-After).
// It counts the calls of every trunk, both ways. It sends nothing and starts no
// goroutine; it is safe for concurrent use.
package trunkgroup

import (
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Trunk is what bounds a trunk.
type Trunk struct {
	Name string
	// MaxCalls is the most calls at once, both ways together; 0 is no limit.
	MaxCalls int
	// PerSecond is the most new calls in a second, both ways together, of which as
	// many may come at once; 0 is no limit.
	PerSecond float64
}

// Group is trunks that stand in for one another.
type Group struct {
	Name    string
	Members []Member
	Retry   Retry
}

// Member is a trunk's place in a group.
type Member struct {
	Trunk string
	// Priority: those with the lowest are tried first.
	Priority int
	// Weight shares the calls among those of one priority; 0 is chosen last as a rule.
	Weight int
}

// Retry says when another member is tried, and what becomes of the one that failed.
type Retry struct {
	// Patience is how long a trunk may leave an INVITE without any response, a 100
	// included. The last one that is left has four times as long.
	Patience time.Duration
	// Statuses are the final responses after which another trunk is tried; nil are
	// those of DefaultStatuses.
	Statuses []int
	// MaxRetryAfter bounds how long a Retry-After keeps calls away.
	MaxRetryAfter time.Duration
	// HoldOff is how long a trunk that did not answer, or answered 503 without saying
	// for how long, is tried after all others; unless it answers OPTIONS meanwhile.
	HoldOff time.Duration
	// Attempts bounds how many trunks one call tries; 0 is all.
	Attempts int
}

// DefaultRetry is the usual rules: the next trunk is tried within two seconds.
func DefaultRetry() Retry {
	return Retry{
		Patience: 1500 * time.Millisecond, MaxRetryAfter: 10 * time.Minute, HoldOff: 30 * time.Second,
	}
}

// Config is all trunks and groups.
type Config struct {
	Trunks []Trunk
	Groups []Group
	Phones []Phone
	// Emergency are the numbers that a phone reaches however many calls it has begun.
	Emergency []string
}

// The bounds of a configuration.
const (
	maxMembers = 100
	maxWeight  = 65535 // as an SRV record has it
)

// Validate tells what is wrong with the configuration; the error is of kind
// fault.Invalid. A group may name trunks that are not there yet.
func (c *Config) Validate() error {
	seen := make(map[string]bool)
	once := func(kind, name string) error {
		if name == "" || seen[name] {
			return fault.New(fault.Invalid, "trunks: %s %q has no name of its own", kind, name)
		}
		seen[name] = true
		return nil
	}
	for _, t := range c.Trunks {
		if err := once("trunk", t.Name); err != nil {
			return err
		}
		if t.MaxCalls < 0 || t.PerSecond < 0 {
			return fault.New(fault.Invalid, "trunks: trunk %s: a limit is negative", t.Name)
		}
	}
	for _, p := range c.Phones {
		if p.PerMinute < 0 || p.PerMinute > MaxPerMinute {
			return fault.New(fault.Invalid, "trunks: phone %s: %d calls a minute, 0 to %d are possible", p.Name, p.PerMinute, MaxPerMinute)
		}
	}
	for i := range c.Groups {
		g := &c.Groups[i]
		if err := once("group", g.Name); err != nil {
			return err
		}
		if err := g.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) validate() error {
	if len(g.Members) == 0 || len(g.Members) > maxMembers {
		return fault.New(fault.Invalid, "trunks: group %s has %d members, 1 to %d are possible", g.Name, len(g.Members), maxMembers)
	}
	for i, m := range g.Members {
		switch {
		case m.Trunk == "":
			return fault.New(fault.Invalid, "trunks: group %s: member %d has no name", g.Name, i+1)
		case slices.ContainsFunc(g.Members[:i], func(o Member) bool { return o.Trunk == m.Trunk }):
			return fault.New(fault.Invalid, "trunks: group %s: %s twice", g.Name, m.Trunk)
		case m.Priority < 0 || m.Weight < 0 || m.Weight > maxWeight:
			return fault.New(fault.Invalid, "trunks: group %s: %s: priority and weight are 0 and more, weight at most %d", g.Name, m.Trunk, maxWeight)
		}
	}
	r := &g.Retry
	if r.Patience <= 0 || r.MaxRetryAfter < 0 || r.HoldOff < 0 || r.Attempts < 0 {
		return fault.New(fault.Invalid, "trunks: group %s: patience must be positive, the other rules not negative", g.Name)
	}
	for _, s := range r.Statuses {
		if s < 300 || s > 699 {
			return fault.New(fault.Invalid, "trunks: group %s: %d is no final response that refuses a call", g.Name, s)
		}
	}
	return nil
}
