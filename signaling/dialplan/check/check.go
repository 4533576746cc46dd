// Package check reads a whole directory of Asterisk's configuration and says what in
// it will not do what it looks like: file and line, what Asterisk would do, what this
// server does, and what to write instead.
//
// It starts no goroutine and opens no network connection.
package check

import (
	"errors"
	"io/fs"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/lint"
)

// Options are what a directory is checked against.
type Options struct {
	// Strict judges slips as Asterisk does.
	Strict bool
	// Apps and Functions are what the server has; without any, names are not checked.
	Apps      dialplan.Apps
	Functions dialplan.Functions
	// Arguments gives the checks of the applications' arguments; nil means none.
	Arguments func(*settings.Settings) lint.Checks
}

// Loaded is a directory that was read.
type Loaded struct {
	Endpoints *endpoint.Set
	Settings  *settings.Settings
	Plan      *dialplan.Plan
	// Warnings are those of all files, by file and line.
	Warnings []asterisk.Warning
}

// Dir reads the configuration of a directory of the system. The error is why a file
// cannot be read at all, with its file and line where there is one (*asterisk.Error).
func Dir(dir string, o Options) (*Loaded, error) {
	from, err := asterisk.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	return Load(from, o)
}

// Load reads the configuration that a loader gives. Files that are not there are taken
// as empty.
func Load(from asterisk.Loader, o Options) (*Loaded, error) {
	l := &Loaded{Plan: dialplan.Empty()}
	var err error
	if l.Endpoints, err = endpoint.Load(from); err != nil {
		return nil, err
	}
	if l.Settings, err = settings.Load(from, o.Strict); err != nil {
		return nil, err
	}
	plan, err := dialplan.LoadFile(from, "extensions.conf", o.Strict)
	var inside *asterisk.Error
	switch {
	case err == nil:
		l.Plan = plan
	case errors.As(err, &inside) || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	var w asterisk.Warnings
	for _, list := range [][]asterisk.Warning{
		l.Endpoints.Warnings, l.Settings.Warnings, l.Plan.Warnings, lint.Targets(l.Plan, o.Strict), l.names(o), l.arguments(o), l.contexts(),
	} {
		for _, x := range list {
			w.Add(x)
		}
	}
	l.Warnings = w.List()
	return l, nil
}

func (l *Loaded) names(o Options) []asterisk.Warning {
	if len(o.Apps.List()) == 0 {
		return nil
	}
	return lint.Names(l.Plan, o.Apps, o.Functions)
}

func (l *Loaded) arguments(o Options) []asterisk.Warning {
	if o.Arguments == nil {
		return nil
	}
	return lint.Arguments(l.Plan, o.Arguments(l.Settings))
}

// contexts warns of endpoints whose calls have nowhere to go.
func (l *Loaded) contexts() []asterisk.Warning {
	var w asterisk.Warnings
	for i := range l.Endpoints.Endpoints {
		e := &l.Endpoints.Endpoints[i]
		if l.Plan.Context(e.Context) == nil {
			w.Add(asterisk.Warning{File: e.File, Line: e.Line,
				Text: "[" + e.Name + "] its context \"" + e.Context + "\" is not in extensions.conf",
				Here: "every number it dials is refused with 404", Fix: "add [" + e.Context + "] to extensions.conf"})
		}
	}
	return w.List()
}
