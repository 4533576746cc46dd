package sip

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/digest"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
	"github.com/skygenesisenterprise/skybridge/sip/trunk"
)

// Directory is a configuration's endpoints. It is not changed once it is in use.
type Directory struct {
	Endpoints     []Endpoint
	AORs          []registrar.AOR
	Registrations []trunk.Config
	// Order is the ways that a caller may be told by, in pjsip.conf's words: ip,
	// username, auth_username, anonymous. Others are passed over.
	Order []string
	// ACL holds for every request.
	ACL ACL

	byName     map[string]*Endpoint // in lower case
	byAOR      map[string]*Endpoint
	identifier *identifier
}

// anonymousEndpoint is the endpoint of those who are no other, by Asterisk's name.
const anonymousEndpoint = "anonymous"

// index makes the directory searchable. hosts are the addresses of the names in
// Endpoint.Hosts, for each endpoint.
func (d *Directory) index(hosts map[string][]netip.Addr) error {
	d.byName = make(map[string]*Endpoint, len(d.Endpoints))
	d.byAOR = make(map[string]*Endpoint, len(d.Endpoints))
	var matches []match
	anonymous := ""
	if err := d.checkRegistrations(); err != nil {
		return err
	}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		d.byName[strings.ToLower(e.Name)] = e
		for _, aor := range e.AORs {
			d.byAOR[aor] = e
		}
		for _, p := range e.Match {
			matches = append(matches, match{e.Name, p})
		}
		for _, a := range hosts[e.Name] {
			matches = append(matches, match{e.Name, netip.PrefixFrom(a, a.BitLen())})
		}
		if e.Name == anonymousEndpoint {
			anonymous = e.Name
		}
	}
	named := func(user string) bool {
		e := d.Endpoint(user)
		return e != nil && e.tellable() && e.Name != anonymous
	}
	var err error
	d.identifier, err = newIdentifier(readOrder(d.Order), matches, named, anonymous)
	return err
}

// checkRegistrations finds what trunks would refuse, before anything has changed.
func (d *Directory) checkRegistrations() error {
	seen := make(map[string]bool, len(d.Registrations))
	for i := range d.Registrations {
		r := &d.Registrations[i]
		if err := r.Validate(); err != nil {
			return err
		}
		if seen[r.Name] {
			return fault.New(fault.Invalid, "registration %s twice", r.Name)
		}
		seen[r.Name] = true
	}
	return nil
}

// Endpoint finds an endpoint by name, or nil.
func (d *Directory) Endpoint(name string) *Endpoint { return d.byName[strings.ToLower(name)] }

// identify finds who a request may come from, and whether its address says so:
// nil for nobody we know, and for who may not come from there. Proof by
// credentials is a further step.
func (d *Directory) identify(req *message.Request) (e *Endpoint, byAddress bool) {
	source := req.Source().Remote.Addr()
	name, by, ok := d.identifier.identify(source, req.From().URI.User, authUser(req))
	if !ok {
		return nil, false
	}
	if e = d.Endpoint(name); !e.ACL.Permits(source) {
		return nil, false
	}
	return e, by == byIP
}

// authUser is the user name of a request's credentials, which prove nothing yet.
func authUser(req *message.Request) string {
	for _, h := range req.Headers("Authorization") {
		if a, err := digest.ParseAuthorization(h); err == nil {
			return a.Username
		}
	}
	return ""
}

// registering finds whose REGISTER it is: by the AOR that To names, or by From.
func (d *Directory) registering(req *message.Request) *Endpoint {
	e := d.byAOR[req.To().URI.User]
	if e == nil || d.Endpoint(req.From().URI.User) != nil {
		e, _ = d.identify(req)
		return e
	}
	source := req.Source().Remote.Addr()
	if !e.ACL.Permits(source) || e.believed() && e.placed() && !d.at(source, e) {
		return nil
	}
	return e
}

// at reports whether an address says that a request is an endpoint's.
func (d *Directory) at(source netip.Addr, e *Endpoint) bool {
	name, by, ok := d.identifier.identify(source, "", "")
	return ok && by == byIP && name == e.Name
}

// lookupTimeout bounds how long a configuration waits for the names in it.
const lookupTimeout = 5 * time.Second

// lookup is the part of net.Resolver that names need.
type lookup interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
}

// resolve finds the addresses of the endpoints' host names. A name that leads
// nowhere is told of and passed over: its endpoint is not known by it.
func (d *Directory) resolve(ctx context.Context, dns lookup, unknown func(e *Endpoint, host string, err error)) map[string][]netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found := make(map[string][]netip.Addr)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		for _, host := range e.Hosts {
			addrs, err := hostAddrs(ctx, dns, host, e.SRV)
			if err != nil {
				unknown(e, host, err)
				continue
			}
			found[e.Name] = append(found[e.Name], addrs...)
		}
	}
	return found
}

// hostAddrs are the addresses behind a name, those of its SRV records if it has
// any and they are wanted.
func hostAddrs(ctx context.Context, dns lookup, host string, srv bool) ([]netip.Addr, error) {
	names := []string{host}
	if srv {
		// No such record is the usual case, and the name itself tells the rest.
		if _, records, err := dns.LookupSRV(ctx, "sip", "udp", host); err == nil && len(records) > 0 {
			names = names[:0]
			for _, r := range records {
				names = append(names, r.Target)
			}
		}
	}
	var all []netip.Addr
	for _, name := range names {
		addrs, err := dns.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return nil, fault.New(fault.Unreachable, "look up %s: %w", name, err)
		}
		for _, a := range addrs {
			all = append(all, a.Unmap().WithZone(""))
		}
	}
	return all, nil
}
