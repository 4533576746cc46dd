// Package reach finds where an endpoint can be reached now, by its contacts and by our
// registration with it, and says so in snapshots. It starts no goroutine.
package reach

import (
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/sip/directory"
	"github.com/skygenesisenterprise/skybridge/signaling/trunkgroup"
	"github.com/skygenesisenterprise/skybridge/sip/qualify"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Finder is what is known of endpoints. Its fields are set before it is asked.
type Finder struct {
	Directory func() *directory.Directory
	Registrar *registrar.Registrar
	Trunks    *trunk.Registrations
	Table     *trunkgroup.Table

	tokens tokens
}

// Ways are the addresses of a trunk, best first, with why one is not to be used now.
func (f *Finder) Ways(name string) ([]trunkgroup.Way, error) {
	e := f.Directory().Endpoint(name)
	switch {
	case e == nil:
		return nil, fault.New(fault.Unreachable, "%s is not there any more", name)
	case len(e.Codecs) == 0:
		return nil, fault.New(fault.NotAcceptable, "%s allows no codec that we have", name)
	case e.WebRTC:
		return nil, fault.New(fault.Unsupported, "%s is a WebRTC endpoint, and no trunk", name)
	}
	if err := f.registered(e); err != nil {
		return nil, err
	}
	var out []trunkgroup.Way
	for _, b := range f.bindings(e) {
		w := trunkgroup.Way{ID: b.Key}
		if b.Status == qualify.Unavail {
			w.Down = fault.New(fault.Unreachable, "%s does not answer at %s", e.Name, b.Target)
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Unreachable, "%s is not registered", e.Name)
	}
	return out, nil
}

// registered is why an endpoint that we register with takes no calls of ours now; nil
// where it does, or where we do not register.
func (f *Finder) registered(e *directory.Endpoint) error {
	for _, r := range f.Trunks.State() {
		if strings.EqualFold(r.Endpoint, e.Name) && r.Status != trunk.Registered && r.Failures > 0 {
			return fault.New(fault.Unreachable, "our registration with %s is %s: %s", e.Name, strings.ToLower(r.Status.String()), r.LastError)
		}
	}
	return nil
}

// bindings are the contacts of an endpoint, as they are to be tried.
func (f *Finder) bindings(e *directory.Endpoint) []registrar.Binding {
	var out []registrar.Binding
	for _, aor := range e.AORs {
		out = append(out, f.Registrar.Lookup(aor)...)
	}
	return out
}

// Next takes the next way that a call to trunks can be sent. The error is the last of
// those that could not be tried.
func (f *Finder) Next(call *trunkgroup.Call) (*directory.Endpoint, registrar.Binding, trunkgroup.Try, error) {
	for {
		try, err := call.Next()
		if err != nil {
			return nil, registrar.Binding{}, try, err
		}
		e := f.Directory().Endpoint(try.Trunk)
		if e != nil {
			for _, b := range f.bindings(e) {
				if b.Key == try.Way {
					return e, b, try, nil
				}
			}
		}
		call.Failed(trunkgroup.Outcome{Err: fault.New(fault.Unreachable, "%s is gone", try.Trunk)})
	}
}

// Contact is the address to ring: the best of those that are not known to be away.
func (f *Finder) Contact(e *directory.Endpoint) (registrar.Binding, error) {
	var best, away *registrar.Binding
	for _, aor := range e.AORs {
		bindings := f.Registrar.Lookup(aor)
		for i := range bindings {
			switch b := &bindings[i]; {
			case b.Status == qualify.Unavail:
				away = b
			case best == nil || better(b, best):
				best = b
			}
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case away != nil:
		return registrar.Binding{}, fault.New(fault.Unreachable, "%s does not answer at %s", e.Name, away.Target)
	}
	return registrar.Binding{}, fault.New(fault.Unreachable, "%s is not registered", e.Name)
}
