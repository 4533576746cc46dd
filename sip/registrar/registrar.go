// Package registrar keeps where each address of record can be reached
// (RFC 3261 §10, with Path of RFC 3327, flows and instances of RFC 5626, and
// WebSocket clients of RFC 7118). A binding is on disk before its 200. Contacts
// are asked with OPTIONS whether they are there.
//
// It does not authenticate: Handle is told which AORs the sender may register.
//
// Goroutines: one per Registrar that removes what has expired or lost its
// connection, one that keeps NATs open, and those of its qualify.Qualifier; started by Start, ended by Stop.
package registrar

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/internal/store"
	"github.com/skygenesisenterprise/skybridge/sip/gruu"
	"github.com/skygenesisenterprise/skybridge/sip/internal/deadline"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// Stack is the SIP stack as the registrar needs it; *sip.Server is one.
type Stack interface {
	qualify.Sender
	FlowAlive(message.FlowID) bool
}

// Store keeps bindings over a restart; *store.Bindings is one.
type Store interface {
	Apply(context.Context, store.BindingChange) error
	Live(ctx context.Context, now time.Time) ([]store.Binding, error)
	Purge(ctx context.Context, now time.Time, bound bool) (int64, error)
}

// Config is how a Registrar works.
type Config struct {
	Qualify qualify.Config
	// From is the From of OPTIONS probes.
	From message.Address
	// StoreTimeout bounds how long a REGISTER waits for the disk, and for those of its AOR that
	// wait for it.
	StoreTimeout time.Duration
	// Own tells whether a URI leads back to this server: such a contact is
	// refused, since a call to it would come round again. Nil refuses none.
	Own func(message.URI) bool
	// GRUU makes GRUUs for phones that want them (RFC 5627); nil gives none.
	GRUU *gruu.Maker
	// Ping sends an empty packet over a flow: every KeepAlive to each phone that
	// registered over UDP from behind a NAT. Nil, or 0, sends none.
	Ping      func(message.FlowID)
	KeepAlive time.Duration
	// OnEvent takes every change, in order for each AOR. It must not block, and
	// of the Registrar call only Lookup and All.
	OnEvent func(Event)
}

// Default is the usual configuration.
func Default() Config {
	from := message.Address{URI: message.URI{Scheme: "sip", User: "skybridge", Host: "anonymous.invalid"}}
	return Config{Qualify: qualify.Default(), From: from, StoreTimeout: 5 * time.Second}
}

// Validate tells what is wrong with the configuration.
func (c *Config) Validate() error {
	if c.StoreTimeout <= 0 || c.From.URI.IsZero() {
		return fault.New(fault.Invalid, "registrar: store timeout %v is not positive, or no From for probes", c.StoreTimeout)
	}
	return c.Qualify.Validate()
}

// Registrar keeps the bindings. It is safe for concurrent use.
type Registrar struct {
	cfg   Config
	stack Stack
	store Store
	log   *slog.Logger

	qualifier *qualify.Qualifier
	entries   atomic.Pointer[map[string]*entry]
	configure sync.Mutex // held while entries are replaced

	quit chan struct{}
	done chan struct{}
	wake chan struct{}
	wg   sync.WaitGroup // of keepAlive

	mu      sync.Mutex
	expiry  deadline.Set[string] // by AOR
	lost    map[lostKey]message.FlowID
	closed  map[message.FlowID]struct{} // connections that ended, to be looked up
	running bool
}

// entry is an AOR with its bindings.
type entry struct {
	// serial is held by whoever changes the bindings, over the write to disk.
	serial sync.Mutex
	// unsure tells that the store has not said how it ended what it was last told: that may
	// be on disk or not. serial guards it.
	unsure bool
	// mu guards the settings, and the moment of change; never held over a write.
	mu       sync.Mutex
	aor      AOR
	bindings atomic.Pointer[[]Binding] // in order; replaced, never changed
}

func (e *entry) load() []Binding { return *e.bindings.Load() }

func (e *entry) settings() AOR {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.aor
}

// New makes a Registrar without AORs; Configure names them, Start opens it.
func New(cfg Config, stack Stack, st Store, log *slog.Logger) (*Registrar, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := &Registrar{
		cfg: cfg, stack: stack, store: st, log: log,
		quit: make(chan struct{}), done: make(chan struct{}), wake: make(chan struct{}, 1),
		closed: make(map[message.FlowID]struct{}), lost: make(map[lostKey]message.FlowID),
	}
	r.entries.Store(&map[string]*entry{})
	return r, nil
}

// Start reads back the bindings of the configured AORs and starts the registrar.
// Bindings of connections that a restart has ended are deleted, and so are those
// of AORs that are no more.
func (r *Registrar) Start(ctx context.Context) error {
	now := time.Now()
	if _, err := r.store.Purge(ctx, now, true); err != nil {
		return fmt.Errorf("registrar: %w", err)
	}
	kept, err := r.store.Live(ctx, now)
	if err != nil {
		return fmt.Errorf("registrar: %w", err)
	}
	if r.qualifier, err = qualify.New(r.cfg.Qualify, r.stack, r.log); err != nil {
		return err
	}
	byAOR := make(map[string][]Binding)
	for _, v := range kept {
		b, err := restore(v)
		if err != nil {
			r.log.Warn("kept binding cannot be read", "endpoint", v.AOR, "err", err)
			continue
		}
		byAOR[b.AOR] = append(byAOR[b.AOR], b)
	}
	for name, bs := range byAOR {
		e := r.entry(name)
		if e == nil {
			r.forget(ctx, name, bs)
			continue
		}
		r.restored(e, bs)
	}
	r.mu.Lock()
	r.running = true
	r.mu.Unlock()
	for _, e := range *r.entries.Load() {
		r.watch(e, e.load())
	}
	if r.cfg.Ping != nil && r.cfg.KeepAlive > 0 {
		r.wg.Add(1)
		go func() { // owned by r, ended by Stop
			defer guard.Recover(r.log, "keep-alive")
			r.keepAlive()
		}()
	}
	go r.maintain() // owned by r, ended by Stop
	return nil
}

// restored adds bindings that were read back to an entry.
func (r *Registrar) restored(e *entry, bs []Binding) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := append([]Binding(nil), e.load()...)
	for _, b := range bs {
		b.Status = initialStatus(&e.aor)
		all = append(all, b)
	}
	order(all)
	e.bindings.Store(&all)
	r.planExpiry(e.aor.Name, all)
}

// forget deletes the bindings of an AOR that is not configured from the store.
func (r *Registrar) forget(ctx context.Context, aor string, bs []Binding) {
	change := store.BindingChange{AOR: aor}
	for i := range bs {
		change.Delete = append(change.Delete, bs[i].Key)
	}
	if err := r.store.Apply(ctx, change); err != nil {
		r.log.Warn("deleting bindings failed", "endpoint", aor, "err", err)
	}
}

// Stop ends the registrar; Handle then refuses with 503. Bindings stay on disk.
func (r *Registrar) Stop() {
	r.mu.Lock()
	running := r.running
	r.running = false
	r.mu.Unlock()
	if !running {
		return
	}
	close(r.quit)
	<-r.done
	r.wg.Wait()
	r.qualifier.Stop()
}

func (r *Registrar) entry(name string) *entry { return (*r.entries.Load())[name] }

// Lookup gives the bindings of an AOR in the order they are to be tried: by q,
// then oldest first; none for an AOR that is unknown or not registered. The
// slice is a snapshot: do not change it.
func (r *Registrar) Lookup(aor string) []Binding {
	e := r.entry(aor)
	if e == nil {
		return nil
	}
	return alive(e.load(), time.Now())
}

// alive leaves out what has expired but is not removed yet.
func alive(bs []Binding, now time.Time) []Binding {
	for i := range bs {
		if bs[i].Alive(now) {
			continue
		}
		out := append([]Binding(nil), bs[:i]...)
		for _, b := range bs[i:] {
			if b.Alive(now) {
				out = append(out, b)
			}
		}
		return out
	}
	return bs
}

// All gives every binding by AOR, as Lookup does; AORs without one are there too.
func (r *Registrar) All() map[string][]Binding {
	now := time.Now()
	entries := *r.entries.Load()
	out := make(map[string][]Binding, len(entries))
	for name, e := range entries {
		out[name] = alive(e.load(), now)
	}
	return out
}
