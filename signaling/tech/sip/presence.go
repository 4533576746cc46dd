package sip

import (
	"context"
	"log/slog"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

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
		if t.log.Enabled(context.Background(), level) { // most refresh what is there, and say so to nobody
			t.log.Log(context.Background(), level, "contact registered", "endpoint", b.AOR, "peer", b.Target.String())
		}
		t.server.MoveFlow(e.Was, b.Flow) // its calls follow the phone
	case registrar.Removed:
		t.log.Log(context.Background(), level, "contact removed", "endpoint", b.AOR, "peer", b.Target.String(), "cause", string(e.Reason))
	}
	end := t.Directory().ByAOR(b.AOR)
	if end == nil {
		return
	}
	if e.Kind == registrar.Probed && b.Status == qualify.Avail {
		t.table.Answered(end.Name, b.Key)
		if e.Before == qualify.Unavail {
			t.trunks.Answered(end.Name)
		}
	}
	t.tellPresence(end)
}

// tellPresence publishes whether an endpoint can be rung, if that has changed.
func (t *Tech) tellPresence(e *directory.Endpoint) {
	t.presence.Tell(e.Name, func() bool { _, err := t.reach.Contact(e); return err == nil }, func() {
		t.engine.Bus().Publish(event.Event{Type: event.EndpointStateChange, Data: t.reach.Endpoint(e, t.engine.Now())})
	})
}

// Endpoints is a snapshot of all endpoints.
func (t *Tech) Endpoints() []signaling.EndpointSnapshot { return t.reach.Endpoints(t.engine.Now()) }
