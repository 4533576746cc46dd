package sip

import (
	"context"
	"log/slog"
	"sync"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// presence remembers which endpoints can be rung, so that only a change is told.
type presence struct {
	mu     sync.Mutex // orders what is told of one endpoint
	online map[string]bool
}

// forget leaves out the endpoints that a new configuration has no more.
func (p *presence) forget(d *Directory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.online {
		if d.Endpoint(name) == nil {
			delete(p.online, name)
		}
	}
}

// OnBinding takes what happens to a contact (registrar.Config.OnEvent): it goes to
// the log, and when its endpoint can be rung from then on, or no more, to the
// events as EndpointStateChange. It does not block.
func (t *Tech) OnBinding(e registrar.Event) {
	level, b := slog.LevelInfo, &e.Binding
	if b.Static || e.Kind == registrar.Updated {
		level = slog.LevelDebug
	}
	switch e.Kind {
	case registrar.Added, registrar.Updated:
		t.log.Log(context.Background(), level, "contact registered", "endpoint", b.AOR, "peer", b.Target.String())
	case registrar.Removed:
		t.log.Log(context.Background(), level, "contact removed", "endpoint", b.AOR, "peer", b.Target.String(), "cause", string(e.Reason))
	}
	if end := t.Directory().byAOR[b.AOR]; end != nil {
		t.tellPresence(end)
	}
}

// tellPresence publishes whether an endpoint can be rung, if that has changed.
func (t *Tech) tellPresence(e *Endpoint) {
	p := &t.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := t.contact(e)
	online := err == nil
	if online == p.online[e.Name] {
		return
	}
	p.online[e.Name] = online
	t.engine.Bus().Publish(event.Event{Type: event.EndpointStateChange, Data: t.snapshot(e, t.trunks.State())})
}
