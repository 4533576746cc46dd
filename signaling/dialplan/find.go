package dialplan

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
)

// maxSearch bounds how many contexts one lookup visits through includes.
const maxSearch = 512

// Found is what a lookup found: the step, the extension it belongs to and the
// context it was found in, which an include can make another than the one asked.
type Found struct {
	Priority  *Priority
	Extension *Extension
	Context   *Context
}

// Find looks for a priority of the extension that matches what was dialled. Where
// the first extension that matches lacks the priority, the search goes on with the
// next, then with the includes, as Asterisk's does: steps of different patterns
// can follow one another. callerID is the caller's number; at decides which timed
// includes hold.
func (p *Plan) Find(context, exten string, priority int, callerID string, at time.Time) (Found, bool) {
	s := search{plan: p, exten: exten, callerID: callerID, at: at, mode: pattern.Match}
	return s.run(context, func(e *Extension) *Priority { return e.At(priority) })
}

// Exists reports whether Find finds the first priority of an extension.
func (p *Plan) Exists(context, exten, callerID string, at time.Time) bool {
	_, ok := p.Find(context, exten, 1, callerID, at)
	return ok
}

// FindLabel is the number of the priority with a label, or of the number that the
// label is, in the first extension that matches and has it; 0 if there is none.
func (p *Plan) FindLabel(context, exten, label, callerID string, at time.Time) int {
	s := search{plan: p, exten: exten, callerID: callerID, at: at, mode: pattern.Match}
	found, ok := s.run(context, func(e *Extension) *Priority { return e.At(e.Labelled(label)) })
	if !ok {
		return 0
	}
	return found.Priority.Number
}

// FindHint is the hint of the extension that matches, or nil.
func (p *Plan) FindHint(context, exten, callerID string, at time.Time) *Priority {
	s := search{plan: p, exten: exten, callerID: callerID, at: at, mode: pattern.Match}
	found, ok := s.run(context, func(e *Extension) *Priority { return e.Hint })
	if !ok {
		return nil
	}
	return found.Priority
}

// Matches reports whether an extension of the context itself, without its includes, is
// what was dialled, for any caller.
func (c *Context) Matches(exten string) bool {
	first, second := c.candidates(exten, pattern.Match)
	for _, list := range [2][]*Extension{first, second} {
		for _, e := range list {
			if e.Pattern.Match(exten, pattern.Match) != pattern.No {
				return true
			}
		}
	}
	return false
}

// CanMatch reports whether digits are an extension or the beginning of one.
func (p *Plan) CanMatch(context, digits, callerID string, at time.Time) bool {
	s := search{plan: p, exten: digits, callerID: callerID, at: at, mode: pattern.CanMatch}
	_, ok := s.run(context, func(e *Extension) *Priority { return e.At(1) })
	return ok
}

// MatchMore reports whether digits with more digits could be an extension.
func (p *Plan) MatchMore(context, digits, callerID string, at time.Time) bool {
	s := search{plan: p, exten: digits, callerID: callerID, at: at, mode: pattern.MatchMore}
	_, ok := s.run(context, func(e *Extension) *Priority { return e.At(1) })
	return ok
}

// IgnoresPattern reports whether dial tone goes on after these digits (ignorepat).
func (p *Plan) IgnoresPattern(context, digits string) bool {
	c := p.byName[context]
	if c == nil {
		return false
	}
	for _, pat := range c.IgnorePats {
		if pat.Match(digits, pattern.Match) != pattern.No {
			return true
		}
	}
	return false
}

// search is one lookup through a context and its includes.
type search struct {
	plan     *Plan
	exten    string
	callerID string
	at       time.Time
	mode     pattern.Mode
	visited  []*Context
	final    bool // an early match has answered MatchMore with no
}

func (s *search) run(context string, pick func(*Extension) *Priority) (Found, bool) {
	c := s.plan.byName[context]
	if c == nil || s.final || len(s.visited) >= maxSearch {
		return Found{}, false
	}
	for _, v := range s.visited {
		if v == c {
			return Found{}, false
		}
	}
	s.visited = append(s.visited, c)
	first, second := c.candidates(s.exten, s.mode)
	for _, list := range [2][]*Extension{first, second} {
		if found, ok := s.pickFrom(c, list, pick); ok || s.final {
			return found, ok
		}
	}
	for i := range c.Includes {
		inc := &c.Includes[i]
		if !inc.Timing.Holds(s.at) {
			continue
		}
		if found, ok := s.run(inc.Context, pick); ok {
			return found, true
		}
	}
	return Found{}, false
}

// pickFrom takes the first extension that matches and has what is looked for.
func (s *search) pickFrom(c *Context, list []*Extension, pick func(*Extension) *Priority) (Found, bool) {
	for _, e := range list {
		result := e.Pattern.Match(s.exten, s.mode)
		if result == pattern.No || e.HasCallerID && !pattern.MatchCallerID(e.CallerID, s.callerID) {
			continue
		}
		if result == pattern.Early && s.mode == pattern.MatchMore {
			s.final = true
			return Found{}, false
		}
		if step := pick(e); step != nil {
			return Found{Priority: step, Extension: e, Context: c}, true
		}
	}
	return Found{}, false
}
