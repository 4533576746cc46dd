// Package extension is what each phone has switched on for the calls to it: forwarding
// (always, when busy, when nobody answers) and do not disturb. It outlives a restart.
//
// A target is an extension that the forwarding phone may itself dial, in its own context,
// and nothing else; how often a call may be sent on is bounded (package party).
//
// It starts no goroutine.
package extension

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
)

// How long a phone rings before a call to it is forwarded.
const (
	DefaultAfter = 20 * time.Second
	minAfter     = 3 * time.Second
	maxAfter     = 2 * time.Minute
)

// Services are what one phone has switched on. The zero value is nothing.
type Services struct {
	// Always, Busy and NoAnswer are the extensions that calls are sent on to; empty for none.
	Always   string
	Busy     string
	NoAnswer string
	// After is how long the phone rings before NoAnswer, in whole seconds; 0 is DefaultAfter.
	After time.Duration
	// DND is busy without ringing.
	DND bool
}

// Phone is what has to be known of a phone.
type Phone struct {
	Name    string // as the files write it
	Context string // where its calls enter the dialplan
	ID      party.ID
}

// Phones know who there is. Their methods may be called from any goroutine.
type Phones interface {
	// Phone finds a phone by name; trunks are none.
	Phone(name string) (Phone, bool)
	// MayDial reports whether a phone may dial an extension.
	MayDial(name, exten string) bool
}

// Store keeps services on disk.
type Store interface {
	Put(ctx context.Context, extension string, s Services) error
	All(ctx context.Context) (map[string]Services, error)
}

// Registry has the services of all phones. Reading does not wait.
type Registry struct {
	store  Store
	phones atomic.Pointer[Phones]

	mu   sync.Mutex // of those who write
	byID atomic.Pointer[map[string]Services]
}

// Load makes a registry of what the store keeps.
func Load(ctx context.Context, store Store) (*Registry, error) {
	all, err := store.All(ctx)
	if err != nil {
		return nil, err
	}
	r := &Registry{store: store}
	r.byID.Store(&all)
	return r, nil
}

// Serve names who knows the phones, before the first call.
func (r *Registry) Serve(p Phones) { r.phones.Store(&p) }

// Phone finds a phone; the error is of kind fault.NotFound.
func (r *Registry) Phone(name string) (Phone, error) {
	if p := r.phones.Load(); p != nil {
		if phone, ok := (*p).Phone(name); ok {
			return phone, nil
		}
	}
	return Phone{}, fault.New(fault.NotFound, "no extension %.40q", name)
}

// Get is what a phone has switched on; the error is of kind fault.NotFound.
func (r *Registry) Get(name string) (Services, error) {
	p, err := r.Phone(name)
	if err != nil {
		return Services{}, err
	}
	return (*r.byID.Load())[p.Name], nil
}

// Entry is a phone that has something switched on.
type Entry struct {
	Extension string
	Services
}

// List is every phone that has something switched on, by name.
func (r *Registry) List() []Entry {
	all := *r.byID.Load()
	out := make([]Entry, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, Entry{name, all[name]})
	}
	return out
}

// Set keeps what a phone has switched on and puts it into effect. The error is of kind
// fault.NotFound for a phone that there is not, fault.Invalid, and fault.Forbidden for a
// target that the phone may not dial.
func (r *Registry) Set(ctx context.Context, name string, s Services) error {
	return r.Change(ctx, name, func(Services) Services { return s })
}

// Change is Set of what change makes of what is switched on now.
func (r *Registry) Change(ctx context.Context, name string, change func(Services) Services) error {
	p, err := r.Phone(name)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := change((*r.byID.Load())[p.Name])
	if err := r.check(p, s); err != nil {
		return err
	}
	if err := r.store.Put(ctx, p.Name, s); err != nil {
		return err
	}
	next := maps.Clone(*r.byID.Load())
	if next == nil {
		next = make(map[string]Services)
	}
	next[p.Name] = s
	if s == (Services{}) {
		delete(next, p.Name)
	}
	r.byID.Store(&next)
	return nil
}

func (r *Registry) check(p Phone, s Services) error {
	if s.After != 0 && (s.After < minAfter || s.After > maxAfter || s.After%time.Second != 0) {
		return fault.New(fault.Invalid, "no_answer_after is %v, not whole seconds from %v to %v", s.After, minAfter, maxAfter)
	}
	for _, to := range []string{s.Always, s.Busy, s.NoAnswer} {
		switch {
		case to == "":
		case !dialstring.IsExtension(to):
			return fault.New(fault.Invalid, "%.40q is no extension", to)
		case strings.EqualFold(to, p.Name):
			return fault.New(fault.Invalid, "%s cannot forward to itself", p.Name)
		case !(*r.phones.Load()).MayDial(p.Name, to):
			return fault.New(fault.Forbidden, "%s may not dial %s", p.Name, to)
		}
	}
	return nil
}

// Of is the phone that a target is, and what it has switched on; ok tells whether it is one
// and has anything.
func (r *Registry) Of(t dialstring.Target) (p Phone, s Services, ok bool) {
	if r == nil || len(*r.byID.Load()) == 0 { // the usual case
		return p, s, false
	}
	p, err := r.Phone(t.Phone())
	if err != nil {
		return p, s, false
	}
	s, ok = (*r.byID.Load())[p.Name]
	return p, s, ok
}
