// Package trunk registers this server with others (RFC 3261 §10.2). Contacts of
// trunks are asked with OPTIONS by package registrar, whose AORs hold them.
//
// Goroutines: one per registration, started by Configure, ended by the next
// Configure that lacks it or by Stop.
package trunk

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Registrations are the outbound registrations. They are safe for concurrent use.
type Registrations struct {
	stack  Stack
	log    *slog.Logger
	change func(State)
	secret []byte // that the lines of contacts are made with

	mu      sync.Mutex // held while current is replaced, over unregistering
	closed  bool
	current atomic.Pointer[map[string]*registration]
}

// NewRegistrations makes an empty set. change, which may be nil, is told of every
// change of a status; it must not block, nor call back.
func NewRegistrations(stack Stack, log *slog.Logger, change func(State)) *Registrations {
	t := &Registrations{stack: stack, log: log, change: change, secret: make([]byte, sha256.Size)}
	_, _ = rand.Read(t.secret) // it never fails
	t.current.Store(&map[string]*registration{})
	return t
}

// Configure makes the set those given: new ones start, changed ones start anew,
// and those that are gone unregister, for which ctx bounds the time. On an error
// of kind fault.Invalid nothing has changed.
func (t *Registrations) Configure(ctx context.Context, cfgs []Config) error {
	wanted := make(map[string]Config, len(cfgs))
	for i := range cfgs {
		if err := cfgs[i].Validate(); err != nil {
			return err
		}
		if _, twice := wanted[cfgs[i].Name]; twice {
			return fault.New(fault.Invalid, "trunk: registration %s twice", cfgs[i].Name)
		}
		wanted[cfgs[i].Name] = cfgs[i]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fault.New(fault.Unavailable, "trunk: stopped")
	}
	next := make(map[string]*registration, len(wanted))
	var leaving []*registration
	for name, r := range *t.current.Load() {
		if cfg, ok := wanted[name]; ok && reflect.DeepEqual(cfg, r.cfg) {
			next[name] = r
		} else {
			leaving = append(leaving, r)
		}
	}
	// Before a successor registers the same contact.
	if err := t.stopAll(ctx, leaving); err != nil {
		t.log.Warn("unregistering failed", "err", err)
	}
	for name, cfg := range wanted {
		if next[name] == nil {
			r := newRegistration(cfg, t.stack, t.log, t.change)
			r.line = t.lineOf(&cfg)
			next[name] = r
			go r.run() // owned by r, ended by r.stop
		}
	}
	t.current.Store(&next)
	return nil
}

// stopAll stops registrations side by side.
func (t *Registrations) stopAll(ctx context.Context, rs []*registration) error {
	errs := make([]error, len(rs))
	var wg sync.WaitGroup
	for i, r := range rs {
		wg.Go(func() { // owned by this call, which waits for it
			defer guard.Recover(t.log, "unregistering")
			errs[i] = r.stop(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Stop unregisters all, as far as ctx leaves the time, and ends.
func (t *Registrations) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	all := slices.Collect(maps.Values(*t.current.Load()))
	t.current.Store(&map[string]*registration{})
	return t.stopAll(ctx, all)
}

// Retry asks for a try of a registration at once. It fails with fault.NotFound.
func (t *Registrations) Retry(name string) error {
	r := (*t.current.Load())[name]
	if r == nil {
		return fault.New(fault.NotFound, "trunk: no registration %s", name)
	}
	r.tryNow()
	return nil
}

// lineOf is the word that tells a registration's calls; "" where none is wanted. Nobody
// can guess it who has not seen the registration.
func (t *Registrations) lineOf(cfg *Config) string {
	if !cfg.Line {
		return ""
	}
	mac := hmac.New(sha256.New, t.secret)
	_, _ = mac.Write([]byte(cfg.Name)) // a hash takes all
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// Line is the endpoint whose registration a word in a contact belongs to; "" for
// nobody's.
func (t *Registrations) Line(word string) string {
	for _, r := range *t.current.Load() {
		if r.line != "" && hmac.Equal([]byte(r.line), []byte(word)) {
			return r.cfg.Endpoint
		}
	}
	return ""
}

// Renew registers anew whatever is registered, or is so once the try that is under way has
// come through: what others are told of us has changed.
func (t *Registrations) Renew() {
	for _, r := range *t.current.Load() {
		r.stale.Store(true)
		r.renew()
	}
}

// FlowClosed registers anew what was registered over a connection that has ended: over
// it the registrar would send its calls. It does not block.
func (t *Registrations) FlowClosed(id message.FlowID) {
	for _, r := range *t.current.Load() {
		if s := r.state.Load(); s.Status == Registered && s.Flow == id {
			r.tryNow()
		}
	}
}

// Answered says that an endpoint's server has answered something else after a silence:
// who waits to register there tries now.
func (t *Registrations) Answered(endpoint string) {
	for _, r := range *t.current.Load() {
		if s := r.state.Load(); strings.EqualFold(s.Endpoint, endpoint) && s.Failures > 0 && !s.Next.IsZero() && s.Status != Rejected {
			r.tryNow()
		}
	}
}

// State gives the snapshots of all registrations, by name.
func (t *Registrations) State() []State {
	now := time.Now()
	all := *t.current.Load()
	out := make([]State, 0, len(all))
	for _, r := range all {
		out = append(out, r.snapshot(now))
	}
	slices.SortFunc(out, func(a, b State) int { return strings.Compare(a.Name, b.Name) })
	return out
}
