// Package stasis is what ARI's applications are made of: which there are, which channels are in
// their hands, what each follows, and what they have been told and have not read yet.
//
// Events reach an application in the order of the bus, those of a channel from its StasisStart on;
// what is followed changes with the events themselves, so that no event comes before it is wanted or
// after it was not. Nobody who publishes ever waits for who reads.
//
// It starts no goroutine.
package stasis

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
)

// Config is what a Registry is made of.
type Config struct {
	Engine *signaling.Engine
	Log    *slog.Logger
	// Journal is how many events are kept of each application; 0 is 4096.
	Journal int
	// Endpoint and Device tell whether there is such an endpoint ("PJSIP/1001"), technology
	// ("PJSIP") or device, so that it can be followed; nil is that there is.
	Endpoint, Device func(name string) bool
}

const (
	defaultJournal = 4096
	// MaxApps bounds the applications, those included that nobody listens for any more.
	MaxApps = 4096
	// maxAway bounds those that are kept only because their listener may come back.
	maxAway = 256
	// MaxName is how long an application's name may be, bytes.
	MaxName = 255
)

// Registry has the applications. Its methods are safe for concurrent use.
type Registry struct {
	cfg Config

	// mu is taken within the bus's own lock: whoever holds it publishes nothing.
	mu        sync.Mutex
	apps      map[string]*app
	followers map[Topic]map[*app]struct{}
	controls  map[signaling.ChannelID]*Control
	endpoints map[string]string // of channels, "PJSIP/1001"
	away      []*app            // nobody listens or is left, oldest first

	broadcasts map[signaling.ChannelID]*broadcast
}

// New makes a registry and attaches it to the engine's bus; it is called before the first event.
func New(cfg Config) *Registry {
	cfg.Journal = cmp.Or(cfg.Journal, defaultJournal)
	r := &Registry{
		cfg: cfg, apps: make(map[string]*app), followers: make(map[Topic]map[*app]struct{}),
		endpoints: make(map[string]string),
		controls:  make(map[signaling.ChannelID]*Control), broadcasts: make(map[signaling.ChannelID]*broadcast),
	}
	cfg.Engine.Bus().Attach(r.route)
	return r
}

// app is one application. The registry's lock guards it.
type app struct {
	name    string
	wants   map[Topic]int // how often each is followed
	filter  filter
	journal journal
	readers []*Reader // oldest first
	turn    int       // of those that share
	shares  map[string]*Reader
	inside  int // channels in its hands
	isAway  bool
}

// Application is one at one moment.
type Application struct {
	Name                string
	Channels, Bridges   []string
	Endpoints, Devices  []string
	Allowed, Disallowed []string // event types
	Active              bool     // somebody listens
}

func (a *app) snapshot() Application {
	s := Application{Name: a.name, Allowed: slices.Clone(a.filter.allowed), Disallowed: slices.Clone(a.filter.disallowed), Active: a.active()}
	for t := range a.wants {
		switch t.Kind {
		case OfChannel:
			s.Channels = append(s.Channels, t.ID)
		case OfBridge:
			s.Bridges = append(s.Bridges, t.ID)
		case OfEndpoint:
			s.Endpoints = append(s.Endpoints, t.ID)
		case OfDevice:
			s.Devices = append(s.Devices, t.ID)
		}
	}
	for _, list := range [][]string{s.Channels, s.Bridges, s.Endpoints, s.Devices} {
		slices.Sort(list)
	}
	return s
}

// active reports whether somebody listens who is no mere observer.
func (a *app) active() bool {
	return slices.ContainsFunc(a.readers, func(r *Reader) bool { return r.mode != Observer })
}

// Applications are all of them, by name.
func (r *Registry) Applications() []Application {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Application, 0, len(r.apps))
	for _, a := range r.apps {
		if !a.isAway {
			out = append(out, a.snapshot())
		}
	}
	slices.SortFunc(out, func(a, b Application) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Apps are the names of those that somebody listens for, in order.
func (r *Registry) Apps() []string {
	var names []string
	for _, a := range r.Applications() {
		if a.Active {
			names = append(names, a.Name)
		}
	}
	return names
}

// Application is one of them; the error is of kind fault.NotFound.
func (r *Registry) Application(name string) (Application, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.find(name)
	if err != nil {
		return Application{}, err
	}
	return a.snapshot(), nil
}

// find is an application that somebody knows of. The lock is held.
func (r *Registry) find(name string) (*app, error) {
	if a := r.apps[name]; a != nil && !a.isAway {
		return a, nil
	}
	return nil, fault.New(fault.NotFound, "no application %.64q", name)
}

// make is an application, made if there is none yet. The lock is held.
func (r *Registry) make(name string) (*app, error) {
	if a := r.apps[name]; a != nil {
		r.back(a)
		return a, nil
	}
	switch {
	case name == "" || len(name) > MaxName:
		return nil, fault.New(fault.Invalid, "an application's name of %d bytes", len(name))
	case len(r.apps) >= MaxApps:
		return nil, fault.New(fault.TooMany, "%d applications, the limit", MaxApps)
	}
	a := &app{name: name, wants: make(map[Topic]int), journal: newJournal(r.cfg.Journal, r.cfg.Engine.Now())}
	r.apps[name] = a
	return a, nil
}

// settle puts an application aside, or forgets it, that nobody has anything to do with any more.
// The lock is held.
func (r *Registry) settle(a *app) {
	if len(a.readers) > 0 || len(a.wants) > 0 || a.inside > 0 || a.isAway {
		return
	}
	if !a.journal.resumed {
		delete(r.apps, a.name)
		return
	}
	a.isAway = true
	r.away = append(r.away, a)
	if len(r.away) > maxAway {
		delete(r.apps, r.away[0].name)
		r.away = slices.Delete(r.away, 0, 1)
	}
}

// back is an application that is wanted again. The lock is held.
func (r *Registry) back(a *app) {
	if a.isAway {
		a.isAway = false
		r.away = slices.DeleteFunc(r.away, func(other *app) bool { return other == a })
	}
}

// publish tells one application something.
func (r *Registry) publish(app string, t event.Type, c *signaling.Channel, data any) {
	e := event.Event{Type: t, App: app, Data: data}
	if c != nil {
		e.Channel = string(c.ID())
	}
	r.cfg.Engine.Bus().Publish(e)
}

// UserEvent is an event of an application's own.
type UserEvent struct {
	Name     string
	Channel  *signaling.ChannelSnapshot
	Bridge   *signaling.BridgeSnapshot
	Endpoint *signaling.EndpointSnapshot
	// Variables is a JSON object of what is told besides; empty is none.
	Variables []byte
}

// Tell gives an application a user event. The error is of kind fault.NotFound.
func (r *Registry) Tell(_ context.Context, app string, ev UserEvent) error {
	r.mu.Lock()
	_, err := r.find(app)
	r.mu.Unlock()
	if err != nil {
		return err
	}
	r.publish(app, event.ChannelUserevent, nil, ev)
	return nil
}
