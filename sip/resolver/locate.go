package resolver

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

// maxDestinations bounds how many places one request is tried at, maxAddrs how many
// addresses one name has.
const (
	maxDestinations = 8
	maxAddrs        = 64
)

// ErrNone is what is wrong when every server that was asked has said that there is nothing,
// and none has failed: asking again tells nothing else until the zone changes.
var ErrNone = errors.New("there is no such name")

// Resolve implements transport.Resolver by RFC 3263 §4.
func (r *Resolver) Resolve(ctx context.Context, u message.URI, network string) ([]transport.Destination, error) {
	if network == "" {
		network = u.Params.Value("transport")
	}
	said := network != ""
	network, err := transport.Network(u, network)
	if err != nil {
		return nil, err
	}
	if !said {
		network = "" // the domain chooses, within what sips leaves open
	}
	w := wish{host: u.Host, port: uint16(u.Port), network: network, secure: u.Secure()} //nolint:gosec // the parser has bounded it
	if m := u.Params.Value("maddr"); m != "" {
		w.host = strings.Trim(m, "[]") // of an IPv6 address
	}
	return r.find(ctx, w)
}

// ReturnTo is where the response to a request goes whose connection has ended, or
// whose Via says another place than it came from (RFC 3263 §5).
func (r *Resolver) ReturnTo(ctx context.Context, via message.Via) ([]transport.Destination, error) {
	network := strings.ToLower(via.Transport)
	if network != "udp" && network != "tcp" && network != "tls" {
		return nil, unreachable("nobody can be called back over %s", via.Transport)
	}
	w := wish{host: via.Host, port: uint16(via.Port), network: network, secure: network == "tls"} //nolint:gosec // as above
	if m := via.Params.Value("maddr"); m != "" {
		w.host = strings.Trim(m, "[]") // of an IPv6 address
	}
	return r.find(ctx, w)
}

// Addrs are the addresses of a host, IPv4 and IPv6 in turn; the hosts file goes before
// DNS. The error is of kind fault.Unreachable, ErrNone where no server failed.
func (r *Resolver) Addrs(ctx context.Context, host string) ([]netip.Addr, error) {
	return r.addrsOf(ctx, wish{host: host, port: 1, network: "udp", all: true})
}

// Served is Addrs of the hosts that serve SIP for a domain (NAPTR, SRV), or of the
// domain's name where it does not say.
func (r *Resolver) Served(ctx context.Context, domain string) ([]netip.Addr, error) {
	all, err := r.addrsOf(ctx, wish{host: domain, all: true})
	var out []netip.Addr
	for _, a := range all { // one host may serve several protocols
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, err
}

func (r *Resolver) addrsOf(ctx context.Context, w wish) ([]netip.Addr, error) {
	ds, err := r.find(ctx, w)
	out := make([]netip.Addr, 0, len(ds))
	for _, d := range ds {
		out = append(out, d.Addr.Addr())
	}
	return out, err
}

// wish is what is looked for.
type wish struct {
	host    string
	port    uint16 // 0 for none
	network string // "" leaves it to the domain
	secure  bool
	all     bool // not only as many as one request is tried at
}

// plain is the network where neither the URI nor the domain names one.
func (w *wish) plain() string {
	switch {
	case w.network != "":
		return w.network
	case w.secure:
		return "tls"
	}
	return "udp"
}

func (w *wish) at(network string, a netip.Addr, port uint16) transport.Destination {
	if port == 0 {
		port = transport.DefaultPort(network)
	}
	return transport.Destination{Network: network, Addr: netip.AddrPortFrom(a.Unmap(), port), Host: w.host}
}

// find gives the destinations, best first.
func (r *Resolver) find(ctx context.Context, w wish) ([]transport.Destination, error) {
	if a, err := netip.ParseAddr(w.host); err == nil {
		return []transport.Destination{w.at(w.plain(), a, w.port)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.LookupTimeout)
	defer cancel()
	now := r.cfg.Now()
	out := &destinations{w: &w}
	if as := r.system.lookup(now, w.host); len(as) > 0 {
		// Who writes a host down means that one: it needs no domain to say more.
		out.add(w.plain(), as, w.port)
		return r.done(out, nil)
	}
	if lower := strings.TrimSuffix(strings.ToLower(w.host), "."); lower == "invalid" || strings.HasSuffix(lower, ".invalid") {
		return nil, unreachable("%s is a name of nobody: %w", w.host, ErrNone) // RFC 6761 §6.4
	}
	var last error
	for _, name := range r.system.names(now, w.host) {
		if _, ok := dns.IsDomainName(name); !ok {
			return nil, unreachable("%q is no domain name: %w", w.host, ErrNone)
		}
		err := r.domain(ctx, name, out)
		if len(out.list) > 0 {
			return r.done(out, nil)
		}
		if last == nil {
			last = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return r.done(out, last)
}

func (r *Resolver) done(out *destinations, err error) ([]transport.Destination, error) {
	if len(out.list) == 0 {
		if err == nil {
			err = unreachable("look up %s: %w", out.w.host, ErrNone)
		}
		if fault.Of(err) != fault.Unreachable {
			err = unreachable("look up %s: %w", out.w.host, err)
		}
		return nil, err
	}
	r.sort(out.list)
	return out.list, nil
}

// destinations are what is found, without what is there already.
type destinations struct {
	w    *wish
	list []transport.Destination
}

func (o *destinations) full() bool {
	return len(o.list) >= maxAddrs || !o.w.all && len(o.list) >= maxDestinations
}

func (o *destinations) add(network string, as []netip.Addr, port uint16) {
	for _, a := range as {
		d := o.w.at(network, a, port)
		known := false
		for _, k := range o.list {
			known = known || k == d
		}
		if !known && !o.full() {
			o.list = append(o.list, d)
		}
	}
}

// domain adds the destinations of one full name; the error says why there may be more.
func (r *Resolver) domain(ctx context.Context, name string, out *destinations) error {
	w := out.w
	a, aaaa := question{name, dns.TypeA}, question{name, dns.TypeAAAA}
	if w.port != 0 { // RFC 3263 §4.2: the name is a host's
		as, err := r.addrs(ctx, name)
		out.add(w.plain(), as, w.port)
		return err
	}
	guesses := w.guesses(name)
	early := []question{a, aaaa}
	for _, g := range guesses {
		early = append(early, question{g.name, dns.TypeSRV})
	}
	services, chosen := guesses, false
	var naptrErr error
	if w.network == "" {
		naptr := question{name, dns.TypeNAPTR}
		r.prefetch(append(early, naptr)...)
		// A server that fails at this kind of record, or is silent, may well know others.
		var records []dns.RR
		records, naptrErr = r.askFor(ctx, r.cfg.QuestionTimeout, naptr)
		if named := orderNAPTR(records, w.secure); len(named) > 0 {
			services, chosen = named[:min(len(named), maxDestinations)], true
		}
	}
	r.prefetch(early...)
	some, err := r.services(ctx, services, out)
	if len(out.list) > 0 || some {
		return cmp.Or(naptrErr, err)
	}
	as, addrErr := r.addrs(ctx, name)
	if chosen && err == nil && addrErr == nil && len(as) == 0 {
		return unreachable("%s names services that lead nowhere: %w", w.host, ErrNone)
	}
	out.add(w.plain(), as, 0)
	return cmp.Or(addrErr, err, naptrErr)
}

// guesses are the services to ask for where no NAPTR record names any.
func (w *wish) guesses(name string) []service {
	switch {
	case w.plain() == "tls":
		return []service{{"tls", "_sips._tcp." + name}}
	case w.network != "":
		return []service{{w.network, "_sip._" + w.network + "." + name}}
	}
	return []service{{"udp", "_sip._udp." + name}, {"tcp", "_sip._tcp." + name}}
}

// services adds the targets of services in their order, and reports whether there
// were any. The certificate must be for the domain, not for the target (RFC 5922 §4),
// so the host of all of them stays.
func (r *Resolver) services(ctx context.Context, list []service, out *destinations) (some bool, last error) {
	for _, s := range list {
		records, err := r.ask(ctx, question{s.name, dns.TypeSRV})
		if err != nil {
			last = err
			continue
		}
		targets := orderSRV(records, r.cfg.Rand)
		some = some || len(targets) > 0
		targets = targets[:min(len(targets), maxDestinations)]
		for _, t := range targets {
			if t.Target != "." { // else it is decidedly not served (RFC 2782)
				name := strings.ToLower(t.Target)
				r.prefetch(question{name, dns.TypeA}, question{name, dns.TypeAAAA})
			}
		}
		for _, t := range targets {
			if t.Target == "." || out.full() {
				continue
			}
			as, err := r.targetAddrs(ctx, strings.ToLower(t.Target))
			if err != nil {
				last = err
			}
			out.add(s.network, as, t.Port)
		}
	}
	if some && len(out.list) == 0 && last == nil {
		last = unreachable("%s is not served, its services lead nowhere: %w", out.w.host, ErrNone)
	}
	return some, last
}

// targetAddrs are the addresses of a service's target, which may stand in the hosts
// file too.
func (r *Resolver) targetAddrs(ctx context.Context, name string) ([]netip.Addr, error) {
	if as := r.system.lookup(r.cfg.Now(), name); len(as) > 0 {
		return as, nil
	}
	return r.addrs(ctx, name)
}

// addrs are the addresses of a full name, IPv4 and IPv6 in turn: the next that is
// tried goes another way (RFC 7984 §4). An error comes with none.
func (r *Resolver) addrs(ctx context.Context, name string) ([]netip.Addr, error) {
	a, aaaa := question{name, dns.TypeA}, question{name, dns.TypeAAAA}
	r.prefetch(a, aaaa)
	var four, six []netip.Addr
	records, err := r.ask(ctx, a)
	for _, rr := range records {
		if v, ok := rr.(*dns.A); ok {
			if ip, ok := netip.AddrFromSlice(v.A.To4()); ok {
				four = append(four, ip)
			}
		}
	}
	patience := r.cfg.LookupTimeout
	if len(four) > 0 {
		patience = r.cfg.StaleAfter // some servers never answer this one (RFC 8305 §3)
	}
	records, err6 := r.askFor(ctx, patience, aaaa)
	for _, rr := range records {
		if v, ok := rr.(*dns.AAAA); ok {
			if ip, ok := netip.AddrFromSlice(v.AAAA); ok {
				six = append(six, ip.Unmap())
			}
		}
	}
	var out []netip.Addr
	for i := range max(len(four), len(six)) {
		if i < len(four) {
			out = append(out, four[i])
		}
		if i < len(six) {
			out = append(out, six[i])
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if err == nil {
		err = err6
	}
	return nil, err
}
