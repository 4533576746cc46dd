package trunk

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

const (
	// maxServiceRoutes bounds the proxies that a registrar can have us go by, and
	// maxServiceRoute the bytes of their addresses: they are sent with each call.
	maxServiceRoutes = 8
	maxServiceRoute  = 1024
)

// serviceRoute reads the Service-Route of a registrar's 200 in its order (RFC 3608 §5);
// nil for none. It is taken whole or not at all: a part of a way leads elsewhere. secure
// wants its first proxy asked over TLS.
func serviceRoute(resp *message.Response, secure bool) ([]message.Address, error) {
	size := 0
	for _, v := range resp.Headers("Service-Route") {
		size += len(v)
	}
	if size > maxServiceRoute {
		return nil, fault.New(fault.TooLarge, "trunk: service-route of %d bytes, more than %d", size, maxServiceRoute)
	}
	route, err := resp.Addresses("Service-Route")
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "trunk: service-route: %w", err)
	case len(route) > maxServiceRoutes:
		return nil, fault.New(fault.TooMany, "trunk: service-route of %d proxies, more than %d", len(route), maxServiceRoutes)
	}
	for _, a := range route {
		if a.URI.Scheme != "sip" && a.URI.Scheme != "sips" || a.URI.Host == "" || len(a.URI.Headers) > 0 {
			return nil, fault.New(fault.Invalid, "trunk: service-route: %q is no proxy", a.URI)
		}
	}
	if secure && len(route) > 0 && !overTLS(route[0].URI) {
		return nil, fault.New(fault.Invalid, "trunk: service-route: %q would have calls leave TLS", route[0].URI)
	}
	return route, nil
}

// routed is the Service-Route of a registrar's 200 as calls are to take it. One that is
// of no use is said and left out, as a user agent may (RFC 3608 §6.1).
func (r *registration) routed(resp *message.Response) []message.Address {
	// An outbound proxy comes before it: how that one goes on is its own affair.
	secure := r.cfg.Proxy.IsZero() && resp.Source().Secure()
	route, err := serviceRoute(resp, secure)
	if err != nil {
		r.log.Warn("service-route ignored", "peer", r.server().String(), "err", err)
		return nil
	}
	same := func(a, b message.Address) bool { return a.String() == b.String() }
	if !slices.EqualFunc(route, r.state.Load().ServiceRoute, same) {
		r.log.Info("service-route for calls", "peer", r.server().String(), "proxies", len(route))
	}
	return route
}

// ServiceRoute is the way that a request of ours to an endpoint's contact is to take, by
// what the registrar of our registration there has answered (RFC 3608 §6.1); nil for
// straight there. Without it goes a contact at another server of the same registration
// than the one that has it, since that one stands in for when the first and its proxies do
// not answer, and one that is reached over TLS where the way would begin outside of it. A
// registration that names no endpoint serves the contacts at its server, if it alone does.
func (t *Registrations) ServiceRoute(endpoint string, contact message.URI) []message.Address {
	var elsewhere, unnamed []State
	current, now := *t.current.Load(), time.Now()
	for _, name := range slices.Sorted(maps.Keys(current)) {
		r := current[name]
		s := r.snapshot(now)
		if s.Status != Registered {
			continue
		}
		there := samePlace(s.granted, contact)
		switch {
		case s.Endpoint == "":
			if there {
				unnamed = append(unnamed, s)
			}
		case !strings.EqualFold(s.Endpoint, endpoint):
		case there:
			return s.wayTo(contact)
		case !slices.ContainsFunc(r.servers, func(u message.URI) bool { return samePlace(u, contact) }):
			elsewhere = append(elsewhere, s)
		}
	}
	switch {
	case len(elsewhere) > 0:
		return elsewhere[0].wayTo(contact)
	case len(unnamed) == 1:
		return unnamed[0].wayTo(contact)
	}
	return nil
}

// wayTo is the Service-Route for a contact.
func (s *State) wayTo(contact message.URI) []message.Address {
	if len(s.ServiceRoute) == 0 || overTLS(contact) && !overTLS(s.ServiceRoute[0].URI) {
		return nil
	}
	return slices.Clone(s.ServiceRoute)
}

// samePlace tells whether two URIs name the same host and port.
func samePlace(a, b message.URI) bool { return strings.EqualFold(a.Host, b.Host) && a.Port == b.Port }

// overTLS tells whether a URI is to be reached over TLS.
func overTLS(u message.URI) bool {
	return u.Secure() || strings.EqualFold(u.Params.Value("transport"), "tls")
}
