package dialplan

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/timing"
)

// maxSearch bounds how many contexts one lookup visits through includes.
const maxSearch = 512

// Plan is a loaded dialplan. It never changes; a reload makes a new one.
type Plan struct {
	General  General
	Globals  []Variable
	Warnings []asterisk.Warning

	contexts []*Context
	byName   map[string]*Context
}

// General is the [general] section of extensions.conf.
type General struct {
	// AutoFallThrough ends a call whose extension has no further priority;
	// without it such a call waits for digits. Default true.
	AutoFallThrough bool
	// ClearGlobalVars makes a reload forget globals set at run time.
	ClearGlobalVars bool
	// Static and WriteProtect are kept for the command line; they decide whether
	// Asterisk lets itself overwrite the file.
	Static       bool
	WriteProtect bool
	// UserContext is where users.conf's extensions would go.
	UserContext string
}

// DefaultGeneral is what an empty [general] means.
func DefaultGeneral() General { return General{AutoFallThrough: true, UserContext: DefaultContext} }

// Variable is one name and value.
type Variable struct {
	Name  string
	Value string
}

// Context is one context: its extensions in the order they are searched, its
// includes in the order written.
type Context struct {
	Name       string
	Extensions []*Extension
	Includes   []Include
	Switches   []Switch
	IgnorePats []pattern.Pattern
	AutoHints  bool
	File       string
	Line       int

	exact map[string][]*Extension // plain names, without hyphens
	wild  []*Extension            // patterns, in order
}

// index makes the context searchable. Extensions are in order already; plain names
// come before patterns in it.
func (c *Context) index() {
	c.exact = make(map[string][]*Extension)
	for _, e := range c.Extensions {
		if e.Pattern.IsPattern() {
			c.wild = append(c.wild, e)
		} else {
			c.exact[e.Pattern.Key()] = append(c.exact[e.Pattern.Key()], e)
		}
	}
}

// candidates are the extensions that can match, in order; the second list follows the
// first. Parts of a number can match any plain name.
func (c *Context) candidates(dialled string, mode pattern.Mode) (first, second []*Extension) {
	if mode != pattern.Match {
		return c.Extensions, nil
	}
	return c.exact[pattern.Plain(dialled)], c.wild
}

// Extension is one name (and caller pattern) in a context.
type Extension struct {
	Pattern pattern.Pattern
	// CallerID restricts the extension to matching callers when HasCallerID.
	CallerID    pattern.Pattern
	HasCallerID bool
	// Hint is the device list of `exten => x,hint,...`, HintPriority's App.
	Hint *Priority
	// Priorities are in ascending order of Number.
	Priorities []Priority
}

// Name is the extension as written, with "/callerid" where it has one.
func (e *Extension) Name() string {
	if e.HasCallerID {
		return e.Pattern.String() + "/" + e.CallerID.String()
	}
	return e.Pattern.String()
}

// Priority is one step: an application and its argument text, not yet substituted.
type Priority struct {
	Number int
	Label  string
	App    string
	Args   string
	File   string
	Line   int
	// Also are steps that run after this one, before the next priority: lines
	// that were given the number of the line above them by mistake.
	Also []Priority
}

// At is the priority with a number, or nil.
func (e *Extension) At(number int) *Priority {
	lo, hi := 0, len(e.Priorities)
	for lo < hi {
		mid := (lo + hi) / 2
		if e.Priorities[mid].Number < number {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(e.Priorities) && e.Priorities[lo].Number == number {
		return &e.Priorities[lo]
	}
	return nil
}

// Labelled is the number of the priority with a label, or 0.
func (e *Extension) Labelled(label string) int {
	for i := range e.Priorities {
		if e.Priorities[i].Label == label {
			return e.Priorities[i].Number
		}
	}
	return 0
}

// Include is one `include =>` with the times at which it holds.
type Include struct {
	Context string
	Timing  *timing.Condition // nil means always
	Text    string            // as written, for lists
	File    string
	Line    int
}

// Switch is one `switch =>`. Switches are loaded and listed, not asked.
type Switch struct {
	Kind string // switch, eswitch, lswitch
	Text string
	File string
	Line int
}

// newPlan makes a plan of contexts whose extensions are already in order.
func newPlan(general General, globals []Variable, contexts []*Context, warnings []asterisk.Warning) *Plan {
	p := &Plan{General: general, Globals: globals, Warnings: warnings, contexts: contexts}
	p.byName = make(map[string]*Context, len(contexts))
	for _, c := range contexts {
		c.index()
		p.byName[c.Name] = c
	}
	return p
}

// Contexts are all contexts in the order of the files.
func (p *Plan) Contexts() []*Context { return p.contexts }

// Context is the context with a name, or nil.
func (p *Plan) Context(name string) *Context { return p.byName[name] }

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
