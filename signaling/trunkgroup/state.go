package trunkgroup

import (
	"slices"
	"strings"
	"time"
)

// State is a snapshot of a trunk.
type State struct {
	Name string
	// In and Out are the calls at this moment.
	In, Out   int
	MaxCalls  int
	PerSecond float64
	// Attempts counts the calls that were sent there, Failures those that it failed
	// at, Answered those that were answered, Refused those that a limit kept away.
	Attempts, Failures, Answered, Refused uint64
	// LastError is what went wrong last, at a time; LastStatus its SIP status, or what
	// stands for none; 0 for nothing.
	LastError  string
	LastStatus int
	LastAt     time.Time
	// RetryAt is when the last of its ways that rest is tried again as before; zero
	// for none.
	RetryAt time.Time
}

// GroupState is a snapshot of a group.
type GroupState struct {
	Name    string
	Members []Member
}

// State gives the snapshots of all trunks, by name.
func (t *Table) State() []State {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]State, 0, len(t.lines))
	for _, l := range t.lines {
		s := State{
			Name: l.Name, In: l.in, Out: l.out, MaxCalls: l.MaxCalls, PerSecond: l.PerSecond,
			Attempts: l.attempts, Failures: l.failures, Answered: l.answered, Refused: l.refused,
			LastError: l.lastErr, LastStatus: l.lastCode, LastAt: l.lastAt,
		}
		for way := range l.rests {
			if r, is := l.resting(way, now); is && r.until.After(s.RetryAt) {
				s.RetryAt = r.until
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b State) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Groups gives the snapshots of all groups, by name.
func (t *Table) Groups() []GroupState {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]GroupState, 0, len(t.groups))
	for _, g := range t.groups {
		out = append(out, GroupState{Name: g.Name, Members: slices.Clone(g.Members)})
	}
	slices.SortFunc(out, func(a, b GroupState) int { return strings.Compare(a.Name, b.Name) })
	return out
}
