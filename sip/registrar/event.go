package registrar

import (
	"github.com/skygenesisenterprise/skybridge/internal/guard"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
)

// EventKind says what happened to a binding.
type EventKind uint8

// The kinds of events.
const (
	Added   EventKind = iota // a contact registered
	Updated                  // it registered again
	Removed                  // it is gone; Event.Reason tells why
	Probed                   // an OPTIONS probe changed its status, or measured anew
)

var kindNames = [...]string{"added", "updated", "removed", "probed"}

// String is the kind's name, for logs.
func (k EventKind) String() string { return kindNames[k] }

// Reason says why a binding is gone.
type Reason string

// The reasons of Removed.
const (
	Unregistered Reason = "unregistered" // the phone said so
	Expired      Reason = "expired"      // and was not refreshed
	Replaced     Reason = "replaced"     // max_contacts made it leave
	Disconnected Reason = "disconnected" // its connection ended
	Unconfigured Reason = "unconfigured" // its AOR, or itself as a permanent one
)

// Event is a change of a binding, with the binding as it is after it.
type Event struct {
	Kind    EventKind
	Reason  Reason // of Removed
	Binding Binding
	// Was is the flow that the phone had before, with Added and Updated; "" for none.
	Was message.FlowID
	// Before is the status before a Probed event.
	Before qualify.Status
	// Left is the number of the AOR's bindings after the change.
	Left int
}

// emit tells the owner; a panic there must not end the registrar.
func (r *Registrar) emit(e Event) {
	if r.cfg.OnEvent == nil {
		return
	}
	if !guard.Do(r.log, "registrar event handler", func() { r.cfg.OnEvent(e) }) {
		r.log.Error("registrar event was not taken to its end", "endpoint", e.Binding.AOR)
	}
}
