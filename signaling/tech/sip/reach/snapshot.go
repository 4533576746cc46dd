package reach

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/roster"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// known is what snapshots are made of, at one moment.
type known struct {
	now           time.Time
	registrations []trunk.State
	trunks        map[string]trunkgroup.State
}

func (f *Finder) known(now time.Time) *known {
	k := &known{now: now, registrations: f.Trunks.State(), trunks: make(map[string]trunkgroup.State)}
	for _, t := range f.Table.State() {
		k.trunks[t.Name] = t
	}
	return k
}

// Endpoints is a snapshot of all endpoints at a time.
func (f *Finder) Endpoints(now time.Time) []roster.Endpoint {
	d, k := f.Directory(), f.known(now)
	out := make([]roster.Endpoint, 0, len(d.Endpoints))
	for i := range d.Endpoints {
		out = append(out, f.snapshot(&d.Endpoints[i], k))
	}
	return out
}

// Endpoint is a snapshot of one endpoint at a time.
func (f *Finder) Endpoint(e *directory.Endpoint, now time.Time) roster.Endpoint {
	return f.snapshot(e, f.known(now))
}

// snapshot says how an endpoint does.
func (f *Finder) snapshot(e *directory.Endpoint, k *known) roster.Endpoint {
	s := roster.Endpoint{
		Tech: "PJSIP", ConfTech: e.ConfTech, Name: e.Name, Context: e.Context, Trunk: e.Trunk(), Description: e.Description,
		CallerID: e.Identity.Self.Number,
	}
	for _, c := range e.Codecs {
		s.Codecs = append(s.Codecs, c.ConfName)
	}
	for _, aor := range e.AORs {
		for _, b := range f.Registrar.Lookup(aor) {
			s.Static = s.Static || b.Static
			s.Contacts = append(s.Contacts, contact(aor, &b))
			if b.Trouble != nil {
				s.LastError, s.LastStatus = b.Target.String()+": "+b.Trouble.Error(), roster.StatusWithout(fault.Of(b.Trouble))
			}
		}
	}
	for _, r := range k.registrations {
		if strings.EqualFold(r.Endpoint, e.Name) {
			s.Registration = registration(&r, k.now)
			if r.LastError != "" {
				s.LastError, s.LastStatus = r.LastError, cmp.Or(r.LastStatus, roster.StatusWithout(r.LastKind))
			}
		}
	}
	if t, is := k.trunks[e.Name]; is {
		k.addTrunk(&s, &t)
	}
	return s
}

// addTrunk says what the calls of a trunk have come to. What is wrong now, with our
// registration or with the answers to OPTIONS, is shown rather than what a call has failed at.
func (k *known) addTrunk(s *roster.Endpoint, t *trunkgroup.State) {
	s.Calls, s.MaxCalls, s.PerSecond = t.In+t.Out, t.MaxCalls, t.PerSecond
	s.Attempts, s.Failures, s.Answered, s.Refused, s.RetryAt = t.Attempts, t.Failures, t.Answered, t.Refused, t.RetryAt
	if s.LastError == "" {
		s.LastError, s.LastStatus = t.LastError, t.LastStatus
	}
}

// registration is a registration's state as the console shows it.
func registration(r *trunk.State, now time.Time) string {
	if r.Status == trunk.Registered {
		return fmt.Sprintf("Registered        (exp. %ds)", int(r.Expires.Sub(now).Seconds()))
	}
	return r.Status.String()
}

// contact is a binding of an address of record for lists.
func contact(aor string, b *registrar.Binding) roster.Contact {
	c := roster.Contact{AOR: aor, URI: b.Target.String(), RTT: b.RTT, Expiry: b.Expires}
	switch b.Status {
	case qualify.Avail:
		c.Status = roster.Available
	case qualify.Unavail:
		c.Status = roster.Unavailable
	default:
		c.Status = roster.NotQualified
	}
	return c
}
