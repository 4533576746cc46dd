package directory

import (
	"context"
	"net/netip"
	"time"
)

// lookupTimeout bounds how long a configuration waits for the names in it.
const lookupTimeout = 5 * time.Second

// Hosts finds the addresses behind names; *resolver.Resolver is one.
type Hosts interface {
	// Addrs are those of a host, Served those of the hosts that serve SIP for a
	// domain by its SRV records, or of the name itself where it has none.
	Addrs(ctx context.Context, host string) ([]netip.Addr, error)
	Served(ctx context.Context, domain string) ([]netip.Addr, error)
}

// named is a host name of an endpoint.
type named struct{ endpoint, host string }

// Resolve finds the addresses of the endpoints' host names, and Index is to be told them. A
// name that leads nowhere is told of; its endpoint is known by the addresses that the name had
// in the directory before, if there were some. old may be nil.
func (d *Directory) Resolve(ctx context.Context, dns Hosts, old *Directory, unknown func(e *Endpoint, host string, err error)) map[string][]netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found := make(map[string][]netip.Addr)
	d.hosts = make(map[named][]netip.Addr)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		for _, host := range e.Hosts {
			name := named{e.Name, host}
			addrs, err := hostAddrs(ctx, dns, host, e.SRV)
			if err != nil {
				unknown(e, host, err)
				if old == nil {
					continue
				}
				addrs = old.hosts[name]
			}
			if len(addrs) > 0 {
				d.hosts[name] = addrs
			}
			found[e.Name] = append(found[e.Name], addrs...)
		}
	}
	return found
}

// hostAddrs are the addresses behind a name, those of its SRV records if it has
// any and they are wanted.
func hostAddrs(ctx context.Context, dns Hosts, host string, srv bool) ([]netip.Addr, error) {
	find := dns.Addrs
	if srv {
		find = dns.Served
	}
	addrs, err := find(ctx, host)
	if err != nil {
		return nil, err
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap().WithZone("")
	}
	return addrs, nil
}
