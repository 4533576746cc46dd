// Package dialplantest runs dialplans without a server: a channel that writes down what
// happens to it, and an executor with every function, the built-in applications and a
// few that do on purpose what tests need.
//
// It starts no goroutine.
package dialplantest

import (
	"log/slog"
	"testing"
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
func Plan(t testing.TB, text string, strict bool) *dialplan.Plan {
	t.Helper()
	p, err := dialplan.LoadFile(Loader(text), "extensions.conf", strict)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Executor runs calls through one plan. Changes see its options before it is made.
func Executor(t testing.TB, p *dialplan.Plan, changes ...func(*dialplan.Options)) *dialplan.Executor {
	t.Helper()
	apps, err := dialplan.NewApps(dialplan.Builtins(), Apps())
	if err != nil {
		t.Fatal(err)
	}
	funcs, err := dialplan.NewFunctions(function.All())
	if err != nil {
		t.Fatal(err)
	}
	o := dialplan.Options{
		Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return p }, Apps: apps, Functions: funcs,
		Globals: dialplan.NewGlobals(p.Globals), Log: slog.New(slog.DiscardHandler),
		SystemName: "sky", EntityID: "02:00:00:00:00:01",
	}
	for _, change := range changes {
		change(&o)
	}
	x, err := dialplan.NewExecutor(o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
