package dialplan

import (
	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/pattern"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/timing"
)

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

// Labelled is the number of the priority with a label, or 0; "" is no label.
func (e *Extension) Labelled(label string) int {
	if label == "" {
		return 0
	}
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
