// Package stasis hands channels to applications outside the dialplan (ARI).
// It starts no goroutine.
package stasis

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
)

// Handler is an application: it has the channel until it returns.
type Handler func(ctx context.Context, c *signaling.Channel, args []string) error

// Registry knows which applications listen now. The zero value is ready.
type Registry struct {
	mu   sync.RWMutex
	apps map[string]*listener
}

// listener is one registration, told from others of the same name by its address.
type listener struct{ handle Handler }

// Register makes an application listen until the returned function is called,
// once or more often. A second registration of the same name replaces the first.
func (r *Registry) Register(app string, h Handler) (remove func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.apps == nil {
		r.apps = make(map[string]*listener)
	}
	l := &listener{h}
	r.apps[app] = l
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.apps[app] == l { // not replaced
			delete(r.apps, app)
		}
	}
}

// Apps are the names of those that listen, in order.
func (r *Registry) Apps() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.apps))
}

// Enter gives the channel to an application and returns when it is done. It
// fails with fault.NotFound when nothing listens.
func (r *Registry) Enter(ctx context.Context, app string, c *signaling.Channel, args []string) error {
	r.mu.RLock()
	l, ok := r.apps[app]
	r.mu.RUnlock()
	if !ok {
		return fault.New(fault.NotFound, "no application listens as %q", app)
	}
	return l.handle(ctx, c, args)
}
