package registrar

import (
	"context"
	"maps"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// Configure replaces the AORs by those given, before Start and at any reload.
// What phones registered stays where its AOR stays, by name. On an error nothing
// has changed.
func (r *Registrar) Configure(ctx context.Context, aors []AOR) error {
	next := make(map[string]AOR, len(aors))
	for i := range aors {
		if err := aors[i].Validate(); err != nil {
			return err
		}
		if _, twice := next[aors[i].Name]; twice {
			return fault.New(fault.Invalid, "registrar: aor %s twice", aors[i].Name)
		}
		next[aors[i].Name] = aors[i]
	}
	r.configure.Lock()
	defer r.configure.Unlock()
	old := *r.entries.Load()
	entries := make(map[string]*entry, len(next))
	for name, aor := range next {
		if e := old[name]; e != nil {
			entries[name] = e
			continue
		}
		e := &entry{aor: aor}
		e.bindings.Store(&[]Binding{})
		entries[name] = e
	}
	r.entries.Store(&entries)
	for name, aor := range next {
		r.reconfigure(entries[name], aor)
	}
	for name, e := range old {
		if entries[name] != nil {
			continue
		}
		r.dropStatic(e)
		if err := r.remove(ctx, e, Unconfigured, func(*Binding) bool { return true }); err != nil {
			r.log.Warn("deleting bindings of a removed aor failed", "endpoint", name, "err", err)
		}
	}
	return nil
}

// reconfigure gives an entry its settings and permanent contacts.
func (r *Registrar) reconfigure(e *entry, aor AOR) {
	e.serial.Lock()
	defer e.serial.Unlock()
	static := permanent(&aor)
	e.mu.Lock()
	again := e.aor.QualifyFrequency != aor.QualifyFrequency
	e.aor = aor
	e.mu.Unlock()
	var next []Binding
	var events []Event
	for _, b := range e.load() {
		switch same, kept := static[b.Key]; {
		case !b.Static:
			next = append(next, b)
		case !kept:
			events = append(events, Event{Kind: Removed, Reason: Unconfigured, Binding: b})
		default:
			b.Rank = same.Rank
			next = append(next, b)
			delete(static, b.Key)
		}
	}
	for b := range maps.Values(static) {
		next = append(next, b)
		events = append(events, Event{Kind: Added, Binding: b})
	}
	order(next)
	r.publish(e, next, events)
	if again {
		r.requalify(e, &aor)
	}
}

// requalify begins or ends probing after a change of its settings.
func (r *Registrar) requalify(e *entry, aor *AOR) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := append([]Binding(nil), e.load()...)
	for i := range next {
		switch b := &next[i]; {
		case aor.QualifyFrequency == 0:
			r.unwatch(b)
			b.Status, b.RTT = qualify.NonQual, 0
		case b.Status == qualify.NonQual:
			b.Status = qualify.Unknown
		}
	}
	e.bindings.Store(&next)
}

// dropStatic takes the permanent contacts of an AOR out that is no more.
func (r *Registrar) dropStatic(e *entry) {
	e.serial.Lock()
	defer e.serial.Unlock()
	var kept []Binding
	var events []Event
	for _, b := range e.load() {
		if !b.Static {
			kept = append(kept, b)
			continue
		}
		events = append(events, Event{Kind: Removed, Reason: Unconfigured, Binding: b})
	}
	r.publish(e, kept, events)
}

// permanent are an AOR's configured contacts as bindings, by key.
func permanent(aor *AOR) map[string]Binding {
	out := make(map[string]Binding, len(aor.Contacts))
	for i, u := range aor.Contacts {
		b := Binding{AOR: aor.Name, Key: u.String(), Target: u, Q: 1000, Static: true, Rank: i, Status: initialStatus(aor)}
		b.Contact.URI = u
		out[b.Key] = b
	}
	return out
}
