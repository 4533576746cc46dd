// Package ringgroup rings several phones or numbers for one call: all at once, one after
// another, or one after another in a random order. The first who answers has the call; the
// others learn that it was answered elsewhere.
//
// It starts no goroutine; package dial does, for as long as a group rings.
package ringgroup

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// Tech is the technology by which a group stands in dial strings: "RingGroup/8000".
const Tech = "RingGroup"

// Strategy is in which order members ring.
type Strategy string

// The strategies.
const (
	All      Strategy = "all"      // at once
	Sequence Strategy = "sequence" // one after another, as they stand
	Random   Strategy = "random"   // one after another, in another order for each call
)

// Bounds of a group.
const (
	MaxGroups  = 1000
	MaxMembers = 64
	maxTime    = time.Hour
)

// Group is one ring group. The zero values of its times are their defaults.
type Group struct {
	// Number is what is dialled, and the group's name in dial strings.
	Number   string
	Name     string
	Members  []string // "1001", "0123@trunk", "PJSIP/1001"
	Strategy Strategy
	// RingTime is how long one member rings by itself, Total how long the group rings
	// altogether.
	RingTime time.Duration
	Total    time.Duration
	// SkipBusy passes over members that are in a call.
	SkipBusy bool
	// Fallback is the extension that the call goes to when nobody answers; empty for none.
	Fallback string
	// Prefix stands before the caller's name on the members' phones.
	Prefix string

	targets []dialstring.Target
}

// Default are the values of what a group leaves open.
func Default() Group { return Group{Strategy: All, RingTime: 20 * time.Second, Total: time.Minute} }

// Validate tells what is wrong with a group. The error is of kind fault.Invalid.
func (g *Group) Validate() error {
	_, err := g.complete()
	return err
}

// complete is the group with its defaults and its members as targets.
func (g *Group) complete() (*Group, error) {
	c := *g
	d := Default()
	if c.Strategy == "" {
		c.Strategy = d.Strategy
	}
	if c.RingTime == 0 {
		c.RingTime = d.RingTime
	}
	if c.Total == 0 {
		c.Total = d.Total
	}
	switch {
	case !dialstring.IsExtension(c.Number):
		return nil, fault.New(fault.Invalid, "ring group %.40q: the number is no extension", c.Number)
	case !slices.Contains([]Strategy{All, Sequence, Random}, c.Strategy):
		return nil, fault.New(fault.Invalid, "ring group %s: strategy %.40q is none of all, sequence, random", c.Number, c.Strategy)
	case len(c.Members) == 0 || len(c.Members) > MaxMembers:
		return nil, fault.New(fault.Invalid, "ring group %s: %d members, 1 to %d can be", c.Number, len(c.Members), MaxMembers)
	case c.RingTime < time.Second || c.RingTime > maxTime || c.Total < time.Second || c.Total > maxTime:
		return nil, fault.New(fault.Invalid, "ring group %s: ring_time and total are from 1s to %v", c.Number, maxTime)
	case c.Fallback != "" && (!dialstring.IsExtension(c.Fallback) || c.Fallback == c.Number):
		return nil, fault.New(fault.Invalid, "ring group %s: fallback %.40q is no other extension", c.Number, c.Fallback)
	case len(c.Prefix) > 40 || strings.ContainsFunc(c.Prefix, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return nil, fault.New(fault.Invalid, "ring group %s: prefix is too long or has a control character", c.Number)
	}
	c.targets = make([]dialstring.Target, 0, len(c.Members))
	for _, m := range c.Members {
		t, err := target(m)
		if err != nil {
			return nil, fault.New(fault.Invalid, "ring group %s: %w", c.Number, err)
		}
		if slices.Contains(c.targets, t) {
			return nil, fault.New(fault.Invalid, "ring group %s: member %s twice", c.Number, m)
		}
		c.targets = append(c.targets, t)
	}
	return &c, nil
}

// target is a member as it is dialled. A group is none: groups cannot ring in circles.
func target(member string) (dialstring.Target, error) {
	if !strings.Contains(member, "/") {
		member = "PJSIP/" + member
	}
	t, err := dialstring.Parse(member)
	if err == nil && strings.EqualFold(t.Tech, Tech) {
		err = fault.New(fault.Invalid, "member %.40q is a group itself", member)
	}
	if _, ok := t.Contact(); ok { // it has another name after a restart
		err = fault.New(fault.Invalid, "member %.40q is one contact of an endpoint", member)
	}
	return t, err
}

// Registry has the groups that there are now.
type Registry struct{ groups atomic.Pointer[[]*Group] }

// Configure replaces all groups, or none: the error, of kind fault.Invalid, names the
// first that cannot be. Groups that ring keep what they began with.
func (r *Registry) Configure(groups []Group) error {
	if len(groups) > MaxGroups {
		return fault.New(fault.Invalid, "%d ring groups, at most %d", len(groups), MaxGroups)
	}
	list := make([]*Group, 0, len(groups))
	for i := range groups {
		g, err := groups[i].complete()
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(o *Group) bool { return o.Number == g.Number }) {
			return fault.New(fault.Invalid, "ring group %s twice", g.Number)
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Group) int { return strings.Compare(a.Number, b.Number) })
	r.groups.Store(&list)
	return nil
}

// List is every group by number; not to be changed.
func (r *Registry) List() []*Group {
	if r == nil || r.groups.Load() == nil {
		return nil
	}
	return *r.groups.Load()
}

// Group finds a group by its number; the error is of kind fault.NotFound.
func (r *Registry) Group(number string) (*Group, error) {
	for _, g := range r.List() {
		if g.Number == number {
			return g, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no ring group %.40q", number)
}
