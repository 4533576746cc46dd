package transport

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Own reports whether a URI leads back to a listener of this layer, as far as that
// can be told without DNS: by an address of this machine, or by aliases, hosts that
// peers know it as.
func (t *Layer) Own(u message.URI, aliases ...string) bool {
	network, err := Network(u, u.Params.Value("transport"))
	if err != nil {
		return false // it leads nowhere that a request could go
	}
	if network == "" {
		network = "udp"
	}
	host, port := u.Host, uint16(u.Port) //nolint:gosec // the parser has bounded it
	if m := u.Params.Value("maddr"); m != "" {
		host = strings.Trim(m, "[]")
	}
	if port == 0 {
		port = DefaultPort(network)
	}
	for _, b := range t.bound {
		if b.network != network || b.addr.Port() != port {
			continue
		}
		if slices.ContainsFunc(aliases, func(a string) bool { return strings.EqualFold(host, a) }) || b.takes(host) {
			return true
		}
	}
	return false
}

// takes reports whether packets to that address come to the listener.
func (b boundListener) takes(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return strings.EqualFold(host, "localhost")
	}
	ip = ip.Unmap()
	if at := b.addr.Addr(); !at.IsUnspecified() {
		return ip == at
	}
	return ip.IsLoopback() || ip.IsUnspecified() || thisMachine(ip)
}

// thisMachine reports whether an address is one of this machine's.
func thisMachine(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false // the machine does not say
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip {
			return true
		}
	}
	return false
}
