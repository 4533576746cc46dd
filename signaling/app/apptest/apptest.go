// Package apptest runs dialplans with every application on channels of signaltest.
//
// It starts no goroutine.
package apptest

import (
	"context"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/dialplantest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/function"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// Rig is a house with a dialplan. Its application Note(text) says what a plan came to.
type Rig struct {
	*signaltest.House
	Services *app.Services
	Notes    chan string
	Exec     *dialplan.Executor
}

// More are the applications and functions of a package beside app's.
type More func(r *Rig) ([]dialplan.Application, []dialplan.Function)

// New makes a rig of an extensions.conf. Without a mixer nothing can be bridged.
func New(t signaltest.T, mix *mixer.Engine, text string, more ...More) *Rig {
	t.Helper()
	r := &Rig{House: signaltest.New(t, mix), Notes: make(chan string, 64)}
	r.Services = &app.Services{Engine: r.Engine}
	apps := [][]dialplan.Application{dialplan.Builtins(), app.Applications(r.Services), {{
		Name: "Note", Run: func(_ context.Context, _ *dialplan.Call, args string) error { r.Notes <- args; return nil },
	}}}
	funcs := [][]dialplan.Function{function.All(), app.Functions(r.Services)}
	for _, m := range more {
		a, f := m(r)
		apps, funcs = append(apps, a), append(funcs, f)
	}
	plan, err := dialplan.LoadFile(dialplantest.Loader(text), "extensions.conf", false)
	if err != nil {
		t.Fatalf("%v", err)
	}
	o := dialplan.Options{
		Config: dialplan.DefaultConfig(), Plan: func() *dialplan.Plan { return plan },
		Globals: dialplan.NewGlobals(nil), Log: slog.New(slog.NewTextHandler(r.Log, nil)),
	}
	if o.Apps, err = dialplan.NewApps(apps...); err != nil {
		t.Fatalf("%v", err)
	}
	if o.Functions, err = dialplan.NewFunctions(funcs...); err != nil {
		t.Fatalf("%v", err)
	}
	if r.Exec, err = dialplan.NewExecutor(o); err != nil {
		t.Fatalf("%v", err)
	}
	return r
}

// Run lets a leg call an extension of the context "internal".
func (r *Rig) Run(l *signaltest.Leg, exten string, vars ...dialplan.Variable) *signaling.Channel {
	r.T.Helper()
	c := r.Call(l, vars...)
	if err := app.Run(r.T.Context(), r.Exec, c, dialplan.Position{Context: "internal", Exten: exten, Priority: 1}); err != nil {
		r.T.Fatalf("%v", err)
	}
	return c
}

// Note checks the next notes.
func (r *Rig) Note(want ...string) {
	r.T.Helper()
	for _, w := range want {
		if got := signaltest.Receive(r.T, "a note: "+w, r.Notes); got != w {
			r.T.Errorf("note %q, want %q", got, w)
		}
	}
}
