package trunkgroup

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Way is one address of a trunk.
type Way struct {
	// ID tells it from the trunk's others.
	ID string
	// Down says why it cannot be used now; nil where it can.
	Down error
}

// Ways tells how a trunk can be reached now, best first; the error is why it cannot
// be at all. It is called without locks.
type Ways func(trunk string) ([]Way, error)

// Table is the trunks and groups.
type Table struct {
	ways Ways
	rand func(n int) int // below n

	mu     sync.Mutex
	lines  map[string]*line // by lower case
	groups map[string]*Group
	phones map[string]*phone

	emergency []string
}

// New makes an empty table.
func New(ways Ways) *Table {
	return &Table{ways: ways, rand: rand.IntN, lines: make(map[string]*line), groups: make(map[string]*Group)}
}

// Configure replaces trunks and groups. What is known of a trunk whose name stays,
// stays. On an error nothing has changed.
func (t *Table) Configure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make(map[string]*line, len(cfg.Trunks))
	for _, trunk := range cfg.Trunks {
		key := strings.ToLower(trunk.Name)
		l := t.lines[key]
		if l == nil {
			l = &line{}
		}
		l.Trunk = trunk
		lines[key] = l
	}
	groups := make(map[string]*Group, len(cfg.Groups))
	for _, g := range cfg.Groups {
		g.Members = slices.Clone(g.Members)
		groups[strings.ToLower(g.Name)] = &g
	}
	t.lines, t.groups, t.phones = lines, groups, t.keep(cfg.Phones)
	t.emergency = cfg.Emergency
	return nil
}

// Has reports whether a name is a trunk's, IsGroup whether it is a group's.
func (t *Table) Has(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lines[strings.ToLower(name)] != nil
}

// IsGroup reports whether a name is a group's.
func (t *Table) IsGroup(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.groups[strings.ToLower(name)] != nil
}

// Outgoing begins a call to a group or a trunk; nil if the name is neither. Its End
// must follow.
func (t *Table) Outgoing(name string) *Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := strings.ToLower(name)
	c := &Call{t: t, retry: DefaultRetry()}
	if l := t.lines[key]; l != nil {
		c.candidates = []*line{l}
		return c
	}
	g := t.groups[key]
	if g == nil {
		return nil
	}
	c.retry = g.Retry
	for _, m := range t.order(g.Members) {
		if l := t.lines[strings.ToLower(m.Trunk)]; l != nil {
			c.candidates = append(c.candidates, l)
		}
	}
	if len(c.candidates) == 0 {
		c.last = fault.New(fault.Unavailable, "group %s has no trunk that is there", g.Name)
	}
	return c
}

// order is members as one call tries them (RFC 2782): by priority, and those of one
// priority by chance, in proportion to their weights.
func (t *Table) order(members []Member) []Member {
	left := slices.Clone(members)
	slices.SortStableFunc(left, func(a, b Member) int { return a.Priority - b.Priority })
	for from := range left {
		to := from
		sum := 0
		for to < len(left) && left[to].Priority == left[from].Priority {
			sum += left[to].Weight
			to++
		}
		chosen := from
		if sum > 0 {
			for n := t.rand(sum); n >= left[chosen].Weight; chosen++ {
				n -= left[chosen].Weight
			}
		}
		m := left[chosen]
		copy(left[from+1:chosen+1], left[from:chosen])
		left[from] = m
	}
	return left
}

// Incoming counts a call that came from a trunk or a phone, to a number, until release is
// called. The error is of kind fault.TooMany. What is neither has no limit.
func (t *Table) Incoming(trunk, number string) (release func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[strings.ToLower(trunk)]
	if l == nil {
		return t.place(trunk, false, urgent(number, t.emergency))
	}
	if err := l.take(time.Now(), false, false); err != nil {
		l.note(0, err, time.Now())
		return nil, err
	}
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		l.in--
	}), nil
}

// Answered says that a way of a trunk has answered OPTIONS: what it failed at before
// counts no more, but for what it asked for itself (Retry-After).
func (t *Table) Answered(trunk, way string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[strings.ToLower(trunk)]
	if l == nil {
		return
	}
	if r, is := l.rests[way]; is && !r.strictly {
		delete(l.rests, way)
	}
}
