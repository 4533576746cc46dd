package directory

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/sip/resolver"
)

// lookupTimeout bounds how long a configuration waits for the names in it.
const lookupTimeout = 5 * time.Second

// How long an address still counts that a name does not lead to any more. Answers without it
// may be a part of more, which name servers give in turn: keepUnseen is two of the longest TTLs
// that the server keeps. Where there is no address at all, keepGone is for a slip in a zone.
// No more than maxSightings count, those seen last.
const (
	keepUnseen   = 2 * time.Hour
	keepGone     = 10 * time.Minute
	maxSightings = 256
)

// Hosts finds the addresses behind names; *resolver.Resolver is one. An error is
// resolver.ErrNone where the name leads nowhere; after others it may lead where it did.
type Hosts interface {
	// Addrs are those of a host, Served those of the hosts that serve SIP for a
	// domain by its SRV records, or of the name itself where it has none.
	Addrs(ctx context.Context, host string) ([]netip.Addr, error)
	Served(ctx context.Context, domain string) ([]netip.Addr, error)
}

// named is a host name of an endpoint, looked up by its SRV records or not.
type named struct {
	endpoint, host string
	srv            bool
}

// history is where a name has led to. It is not changed.
type history struct {
	seen  []sighting // the last seen first
	asked time.Time
}

// sighting is an address, and for how long answers have come without it. While there are no
// answers its time stands still.
type sighting struct {
	addr   netip.Addr
	unseen time.Duration
}

// addrs are the addresses that count.
func (h history) addrs() []netip.Addr {
	out := make([]netip.Addr, 0, len(h.seen))
	for _, s := range h.seen {
		out = append(out, s.addr)
	}
	return out
}

// next is the history after one more look-up.
func (h history) next(now time.Time, found []netip.Addr, err error) history {
	next := history{asked: now}
	if err != nil && !errors.Is(err, resolver.ErrNone) {
		next.seen = h.seen
		return next
	}
	for _, a := range found {
		next.seen = append(next.seen, sighting{addr: a})
	}
	keep := keepUnseen
	if len(found) == 0 {
		keep = keepGone
	}
	for _, s := range h.seen {
		s.unseen += now.Sub(h.asked)
		if s.unseen < keep && !slices.Contains(found, s.addr) {
			next.seen = append(next.seen, s)
		}
	}
	slices.SortStableFunc(next.seen, func(a, b sighting) int { return cmp.Compare(a.unseen, b.unseen) })
	next.seen = next.seen[:min(len(next.seen), maxSightings)]
	return next
}

// Resolve finds the addresses of the endpoints' host names, and Index is to be told them. A
// name that leads nowhere is told of. Addresses that names had in the directory before, which
// may be nil, count for a while longer, and as long as look-ups fail.
func (d *Directory) Resolve(ctx context.Context, now time.Time, dns Hosts, old *Directory, unknown func(e *Endpoint, host string, err error)) map[string][]netip.Addr {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found := make(map[string][]netip.Addr)
	before := map[named]history{}
	if old != nil {
		before = old.hosts
	}
	d.hosts = make(map[named]history)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		for _, host := range e.Hosts {
			name := named{e.Name, host, e.SRV}
			addrs, err := hostAddrs(ctx, dns, host, e.SRV)
			if err != nil {
				unknown(e, host, err)
			}
			h := before[name].next(now, addrs, err)
			d.hosts[name] = h
			found[e.Name] = append(found[e.Name], h.addrs()...)
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
