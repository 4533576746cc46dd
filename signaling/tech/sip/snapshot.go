package sip

import (
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Endpoints is a snapshot of all endpoints.
func (t *Tech) Endpoints() []signaling.EndpointSnapshot {
	d := t.Directory()
	registrations := t.trunks.State()
	out := make([]signaling.EndpointSnapshot, 0, len(d.Endpoints))
	for i := range d.Endpoints {
		out = append(out, t.snapshot(&d.Endpoints[i], registrations))
	}
	return out
}

func (t *Tech) snapshot(e *Endpoint, registrations []trunk.State) signaling.EndpointSnapshot {
	s := signaling.EndpointSnapshot{
		Tech: t.Name(), ConfTech: e.ConfTech, Name: e.Name, Context: e.Context, Trunk: e.Trunk(), Description: e.Description,
	}
	if e.Caller != (signaling.CallerID{}) {
		s.CallerID = e.Caller.Number
	}
	for _, c := range e.Codecs {
		s.Codecs = append(s.Codecs, c.ConfName)
	}
	for _, aor := range e.AORs {
		for _, b := range t.registrar.Lookup(aor) {
			s.Static = s.Static || b.Static
			s.Contacts = append(s.Contacts, contactSnapshot(aor, &b))
		}
	}
	for _, r := range registrations {
		if strings.EqualFold(r.Endpoint, e.Name) {
			s.Registration, s.LastError = registrationText(&r, t.engine.Now()), r.LastError
		}
	}
	return s
}

// registrationText is a registration's state as the console shows it.
func registrationText(r *trunk.State, now time.Time) string {
	if r.Status == trunk.Registered {
		return fmt.Sprintf("Registered        (exp. %ds)", int(r.Expires.Sub(now).Seconds()))
	}
	return r.Status.String()
}

func contactSnapshot(aor string, b *registrar.Binding) signaling.ContactSnapshot {
	c := signaling.ContactSnapshot{AOR: aor, URI: b.Target.String(), RTT: b.RTT, Expiry: b.Expires}
	switch b.Status {
	case qualify.Avail:
		c.Status = signaling.ContactAvailable
	case qualify.Unavail:
		c.Status = signaling.ContactUnavailable
	default:
		c.Status = signaling.ContactNotQualified
	}
	return c
}
