package turn

import (
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// special are the networks that no relay leads to unless the operator allows it:
// what the IANA special-purpose registries (RFC 6890) name, and forms that a
// translator or a tunnel on the way could turn into one of those.
var special = func() (out []netip.Prefix) {
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20",
	} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}()

// What is not below one of these is no address of the Internet: loopback, unspecified,
// unique local, link-local and site-local ones, multicast, those that are compatible
// with IPv4 or made by a local translator (64:ff9b:1::/48) are all outside.
var (
	global = netip.MustParsePrefix("2000::/3")
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	teredo = netip.MustParsePrefix("2001::/32")    // RFC 4380
	sixTo4 = netip.MustParsePrefix("2002::/16")    // RFC 3056
)

// embedded are the IPv4 addresses that an IPv6 address leads to, where it is of a form
// that says so.
func embedded(a netip.Addr) []netip.Addr {
	b := a.As16()
	v4 := func(at int) netip.Addr { return netip.AddrFrom4([4]byte(b[at : at+4])) }
	var out []netip.Addr
	switch {
	case nat64.Contains(a):
		out = append(out, v4(12))
	case sixTo4.Contains(a):
		out = append(out, v4(2))
	case teredo.Contains(a): // its server, and its client with all bits turned
		for i := 12; i < 16; i++ {
			b[i] = ^b[i]
		}
		out = append(out, v4(4), v4(12))
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP (RFC 5214)
		out = append(out, v4(12))
	}
	return out
}

// peers decides whom relays may talk to. Its methods may be called at any time.
type peers struct {
	allow []netip.Prefix
	// media are the server's own addresses that browsers' media go to, at one port: the
	// one thing of this machine that a client may reach. Nothing is when port is 0.
	media    []netip.Addr
	port     uint16
	external atomic.Pointer[[]netip.Addr] // what others call this machine

	list func() ([]net.Addr, error) // net.InterfaceAddrs
	own  atomic.Pointer[ownAddresses]
}

// ownAddresses are the machine's as they were at one time.
type ownAddresses struct {
	at  time.Time
	all map[netip.Addr]struct{}
}

// fresh is how long the machine's addresses are believed.
const fresh = 5 * time.Second

// refresh looks the machine's addresses up again, when permissions are asked for.
func (p *peers) refresh(now time.Time) error {
	if o := p.own.Load(); o != nil && now.Sub(o.at) < fresh {
		return nil
	}
	list, err := p.list()
	if err != nil {
		return err
	}
	all := make(map[netip.Addr]struct{}, len(list))
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				all[ip.Unmap()] = struct{}{}
			}
		}
	}
	p.own.Store(&ownAddresses{now, all})
	return nil
}

// isOwn tells whether an address is this machine's.
func (p *peers) isOwn(a netip.Addr) bool {
	if slices.Contains(p.media, a) || slices.Contains(*p.external.Load(), a) {
		return true
	}
	_, own := p.own.Load().all[a]
	return own
}

// allowed tells whether the operator has said that an address may be reached.
func (p *peers) allowed(a netip.Addr) bool {
	return slices.ContainsFunc(p.allow, func(n netip.Prefix) bool { return n.Contains(a) })
}

// reachable tells whether relays may talk to an address, whatever the port.
func (p *peers) reachable(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return false
	case p.allowed(a):
		return true
	case p.isOwn(a), slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(a) }):
		return false
	case a.Is4():
		return true
	case !global.Contains(a) && !nat64.Contains(a):
		return false
	}
	for _, v4 := range embedded(a) {
		if !p.reachable(v4) {
			return false
		}
	}
	return true
}

// permits tells whether a permission for an address may be had: where some port of it
// may be reached.
func (p *peers) permits(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return p.reachable(a) || p.isMedia(a)
}

func (p *peers) isMedia(a netip.Addr) bool {
	return p.port != 0 && (slices.Contains(p.media, a) || slices.Contains(*p.external.Load(), a) && p.inside(a).IsValid())
}

// inside is the own address that media for an external one go to; behind a translator
// of addresses nothing says that it brings our own packets back to us.
func (p *peers) inside(external netip.Addr) netip.Addr {
	if slices.Contains(p.media, external) {
		return external
	}
	for _, m := range p.media {
		if m.Is4() == external.Is4() && !m.IsLoopback() {
			return m
		}
	}
	return netip.Addr{}
}

// to is where a packet for a peer goes; not ok is nowhere.
func (p *peers) to(peer netip.AddrPort) (actual netip.AddrPort, ok bool) {
	a := peer.Addr().Unmap().WithZone("")
	peer = netip.AddrPortFrom(a, peer.Port())
	switch {
	case peer.Port() == 0:
		return peer, false
	case p.reachable(a):
		return peer, true
	case peer.Port() == p.port && p.isMedia(a):
		return netip.AddrPortFrom(p.inside(a), p.port), true
	default:
		return peer, false
	}
}

// from is what the client knows the sender of a packet as; not ok is not at all.
func (p *peers) from(peer netip.AddrPort) (told netip.AddrPort, ok bool) {
	a := peer.Addr().Unmap().WithZone("")
	peer = netip.AddrPortFrom(a, peer.Port())
	if peer.Port() == p.port && slices.Contains(p.media, a) {
		for _, e := range *p.external.Load() {
			if p.inside(e) == a {
				return netip.AddrPortFrom(e, p.port), true
			}
		}
		return peer, true
	}
	return peer, p.reachable(a)
}
