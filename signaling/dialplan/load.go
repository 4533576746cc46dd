package dialplan

import (
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/substitute"
)

// Load makes a plan of extensions.conf. It never fails: a line that makes no sense is
// skipped with a warning, in Plan.Warnings. strict takes slips as Asterisk does.
func Load(config *asterisk.Config, strict bool) *Plan {
	l := &loader{
		strict: strict, general: DefaultGeneral(),
		byName: make(map[string]*contextBuilder), globals: &Vars{},
	}
	for _, s := range config.Live() {
		switch {
		case strings.EqualFold(s.Name, "general"):
			l.readGeneral(s)
		case strings.EqualFold(s.Name, "globals"):
			l.readGlobals(s)
		}
	}
	for _, s := range config.Live() {
		if !strings.EqualFold(s.Name, "general") && !strings.EqualFold(s.Name, "globals") {
			l.readContext(s)
		}
	}
	contexts := make([]*Context, len(l.order))
	for i, b := range l.order {
		contexts[i] = b.finish()
	}
	plan := newPlan(l.general, l.globals.All(), contexts, nil)
	plan.Warnings = l.warnings.List()
	return plan
}

// LoadFile reads a file, usually extensions.conf, and makes a plan of it. The
// warnings of the file's syntax are among the plan's.
func LoadFile(from asterisk.Loader, name string, strict bool) (*Plan, error) {
	var w asterisk.Warnings
	config, err := from.Load(name, &w)
	if err != nil {
		return nil, err
	}
	plan := Load(config, strict)
	for _, x := range plan.Warnings {
		w.Add(x)
	}
	plan.Warnings = w.List()
	return plan, nil
}

// Empty is a plan without contexts.
func Empty() *Plan { return newPlan(DefaultGeneral(), nil, nil, nil) }

type loader struct {
	strict   bool
	general  General
	globals  *Vars
	warnings asterisk.Warnings
	order    []*contextBuilder
	byName   map[string]*contextBuilder
}

// Var and ReadFunction make the loader the Env of names that hold globals.
func (l *loader) Var(name string) (string, bool) { return l.globals.Get(name) }

func (l *loader) ReadFunction(name, _ string) (string, error) {
	return "", fmt.Errorf("function %s is not for use while loading", name)
}

func (l *loader) substitute(set asterisk.Setting, text string) string {
	out, err := substitute.Text(l, text)
	if err != nil {
		l.warnings.Addf(set.File, set.Line, "%v", err)
	}
	return out
}

func (l *loader) readGeneral(s *asterisk.Section) {
	for _, set := range s.Settings {
		switch strings.ToLower(set.Key) {
		case "autofallthrough":
			l.general.AutoFallThrough = asterisk.True(set.Value)
		case "clearglobalvars":
			l.general.ClearGlobalVars = asterisk.True(set.Value)
		case "static":
			l.general.Static = asterisk.True(set.Value)
		case "writeprotect":
			l.general.WriteProtect = asterisk.True(set.Value)
		case "userscontext":
			l.general.UserContext = set.Value
		case "extenpatternmatchnew", "overrideswitch", "priorityjumping":
			l.warnings.Add(asterisk.Warning{File: set.File, Line: set.Line, Text: set.Key + " is accepted", Here: "it has no effect"})
		default:
			l.warnings.Addf(set.File, set.Line, "unknown option %q in [general]", set.Key)
		}
	}
}

func (l *loader) readGlobals(s *asterisk.Section) {
	for _, set := range s.Settings {
		l.globals.Set(set.Key, l.substitute(set, set.Value))
	}
}
