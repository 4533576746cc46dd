package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Destination is one place to send a request to.
type Destination struct {
	// Network is "udp", "tcp" or "tls".
	Network string
	Addr    netip.AddrPort
	// Host is the name that a TLS certificate must have.
	Host string
}

// Resolver finds the destinations of a URI, best first (RFC 3263). transport is
// "udp", "tcp", "tls" or "" for what the URI says. An error is of kind
// fault.Unreachable.
type Resolver interface {
	Resolve(ctx context.Context, u message.URI, transport string) ([]Destination, error)
}

// maxDestinations bounds how many places one request is tried at.
const maxDestinations = 8

// DNS is the usual Resolver: SRV records in their order where the URI has no
// port, then A and AAAA. NAPTR is not asked: without it RFC 3263 §4.1 chooses UDP
// for sip and TLS for sips.
type DNS struct {
	// Net asks the questions; nil takes net.DefaultResolver.
	Net *net.Resolver
}

// Resolve implements Resolver.
func (d DNS) Resolve(ctx context.Context, u message.URI, transport string) ([]Destination, error) {
	network, err := chooseNetwork(u, transport)
	if err != nil {
		return nil, err
	}
	host, port := target(u)
	if ip, err := netip.ParseAddr(host); err == nil {
		if port == 0 {
			port = defaultPort(network)
		}
		return []Destination{{network, netip.AddrPortFrom(ip.Unmap(), port), host}}, nil
	}
	if port == 0 {
		out, records, err := d.lookupSRV(ctx, network, host)
		if records {
			return out, err
		}
		port = defaultPort(network)
		if out, last := d.lookupHost(ctx, network, host, host, port); last == nil || err == nil {
			return out, last
		}
		return nil, err
	}
	return d.lookupHost(ctx, network, host, host, port)
}

// target is the host and port that a URI names; the port is 0 for none.
func target(u message.URI) (string, uint16) {
	if m := u.Params.Value("maddr"); m != "" {
		return m, uint16(u.Port)
	}
	return u.Host, uint16(u.Port)
}

func (d DNS) resolver() *net.Resolver {
	if d.Net != nil {
		return d.Net
	}
	return net.DefaultResolver
}

func chooseNetwork(u message.URI, transport string) (string, error) {
	if transport == "" {
		transport = u.Params.Value("transport")
	}
	switch n := strings.ToLower(transport); {
	case n == "tls", n == "tcp" && u.Secure(), n == "" && u.Secure():
		return "tls", nil
	case n == "tcp":
		return "tcp", nil
	case n == "udp" && !u.Secure(), n == "":
		return "udp", nil
	case n == "ws" || n == "wss":
		return "", fault.New(fault.Unreachable, "sip: a WebSocket peer is reached over its own connection only")
	}
	return "", fault.New(fault.Unreachable, "sip: transport %q does not fit %s", transport, u)
}

func defaultPort(network string) uint16 {
	if network == "tls" {
		return 5061
	}
	return 5060
}

// lookupSRV gives the targets of the service in their order of preference, and
// whether the domain has such records, as far as its servers tell: some answer a
// question for SRV with a failure.
func (d DNS) lookupSRV(ctx context.Context, network, host string) (out []Destination, some bool, err error) {
	service, proto := "sip", network
	if network == "tls" {
		service, proto = "sips", "tcp"
	}
	_, records, err := d.resolver().LookupSRV(ctx, service, proto, host)
	var none *net.DNSError
	switch {
	case errors.As(err, &none) && none.IsNotFound:
		return nil, false, nil
	case err != nil && len(records) == 0:
		return nil, false, fault.New(fault.Unreachable, "sip: look up %s: %w", host, err)
	}
	var last error
	for _, r := range records {
		// The certificate must be for the domain, not for the target (RFC 5922 §4).
		ds, err := d.lookupHost(ctx, network, r.Target, host, r.Port)
		if err != nil {
			last = err
			continue
		}
		if out = append(out, ds...); len(out) >= maxDestinations {
			return out[:maxDestinations], true, nil
		}
	}
	if len(out) > 0 {
		return out, true, nil
	}
	return nil, len(records) > 0, last
}

func (d DNS) lookupHost(ctx context.Context, network, target, host string, port uint16) ([]Destination, error) {
	ips, err := d.resolver().LookupNetIP(ctx, "ip", target)
	if err != nil {
		return nil, fault.New(fault.Unreachable, "sip: look up %s: %w", target, err)
	}
	out := make([]Destination, 0, len(ips))
	for _, want4 := range []bool{true, false} {
		for _, ip := range ips {
			if ip = ip.Unmap(); ip.Is4() == want4 && len(out) < maxDestinations {
				out = append(out, Destination{network, netip.AddrPortFrom(ip, port), host})
			}
		}
	}
	return out, nil
}
