// Package dialplantest runs dialplans without a server: a channel that writes down what
// happens to it, and an executor with every function, the built-in applications and a
// few that do on purpose what tests need.
//
// It starts no goroutine.
package dialplantest

import (
	"log/slog"
	"testing/fstest"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
)

// Loader gives one file, extensions.conf.
func Loader(text string) asterisk.Loader {
	return asterisk.Loader{FS: fstest.MapFS{"extensions.conf": {Data: []byte(text)}}}
}

// Plan loads a plan from text.
func Plan(text string, strict bool) (*dialplan.Plan, error) {
	return dialplan.LoadFile(Loader(text), "extensions.conf", strict)
}

// Executor runs calls through one plan; change, which may be nil, sees its options
// before it is made.
func Executor(p *dialplan.Plan, change func(*dialplan.Options)) (*dialplan.Executor, error) {
	apps, err := dialplan.NewApps(dialplan.Builtins(), Apps())
	if err != nil {
		return nil, err
	}
	funcs, err := dialplan.NewFunctions(function.All())
	if err != nil {
		return nil, err
	}
	o := dialplan.Options{
		Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return p }, Apps: apps, Functions: funcs,
		Globals: dialplan.NewGlobals(p.Globals), Log: slog.New(slog.DiscardHandler),
		SystemName: "sky", EntityID: "02:00:00:00:00:01",
	}
	if change != nil {
		change(&o)
	}
	return dialplan.NewExecutor(o)
}
