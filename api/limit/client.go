package limit

import (
	"bytes"
	"net/netip"
	"strings"
)

// maxHops bounds how many proxies a request may have come through.
const maxHops = 32

// hops are the addresses that proxies say a request came from, the nearest last. One that is
// no address, as "unknown" of RFC 7239 §6.2 and its obfuscated names, is the zero value.
type hops struct {
	list [maxHops]netip.Addr
	n    int
}

func (h *hops) add(a netip.Addr) bool {
	if h.n == maxHops {
		return false
	}
	h.list[h.n] = a
	h.n++
	return true
}

// origin is where a request comes from: the peer, or what a proxy that is trusted says, and so on
// from the nearest to the farthest one that is.
func (h *hops) origin(peer netip.Addr, trusted []netip.Prefix) netip.Addr {
	for i := h.n - 1; i >= 0 && contains(trusted, peer) && h.list[i].IsValid(); i-- {
		peer = h.list[i]
	}
	return peer
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// originOf is where a request comes from that a trusted proxy has passed on with these lines of
// Forwarded (RFC 7239) and X-Forwarded-For. A proxy adds to one of the two and passes the other
// as it came, which anybody may have written: where both are there and do not agree, and where
// one cannot be read, the request counts as the proxy's.
func originOf(peer netip.Addr, trusted []netip.Prefix, forwarded, xff [][]byte) netip.Addr {
	a, aThere, aFine := read(peer, trusted, forwarded, (*hops).forwarded)
	b, bThere, bFine := read(peer, trusted, xff, (*hops).forwardedFor)
	switch {
	case !aFine || !bFine:
		return peer
	case aThere && bThere && a != b:
		return peer
	case aThere:
		return a
	case bThere:
		return b
	}
	return peer
}

func read(peer netip.Addr, trusted []netip.Prefix, lines [][]byte, parse func(*hops, string) bool) (a netip.Addr, there, fine bool) {
	var h hops
	for _, line := range lines { // several lines are one list (RFC 9110 §5.3)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		there = true
		if !parse(&h, string(line)) {
			return peer, true, false
		}
	}
	return h.origin(peer, trusted), there, true
}

// forwardedFor reads X-Forwarded-For: addresses, some with ports, with commas between them.
func (h *hops) forwardedFor(line string) bool {
	for part := range strings.SplitSeq(line, ",") {
		part = strings.Trim(part, " \t")
		if part == "" { // RFC 9110 §5.6.1
			continue
		}
		a, ok := node(part)
		if !ok && part != "unknown" || !h.add(a) {
			return false
		}
	}
	return true
}

// forwarded reads the for parameters of Forwarded:
//
//	for=192.0.2.43, for="[2001:db8::1]:4711";proto=https;by=_proxy
func (h *hops) forwarded(line string) bool {
	rest := line
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return true
		}
		var from netip.Addr
		var said bool
		for more := true; more; {
			var name, value string
			var ok bool
			if name, value, rest, ok = pair(rest); !ok {
				return false
			}
			if strings.EqualFold(name, "for") {
				if said { // each parameter once (§4)
					return false
				}
				a, isAddress := node(value)
				if !isAddress && !named(value) {
					return false
				}
				from, said = a, true
			}
			rest = strings.TrimLeft(rest, " \t")
			switch {
			case rest == "", rest[0] == ',':
				more = false
			case rest[0] == ';':
				rest = strings.TrimLeft(rest[1:], " \t")
				more = rest != "" && rest[0] != ','
			default:
				return false
			}
		}
		if !h.add(from) {
			return false
		}
	}
}

// pair reads token "=" ( token / quoted-string ) (RFC 7239 §4).
func pair(s string) (name, value, rest string, ok bool) {
	name, rest, ok = strings.Cut(s, "=")
	if !ok || name == "" || strings.ContainsFunc(name, notToken) {
		return "", "", "", false
	}
	if !strings.HasPrefix(rest, `"`) {
		end := strings.IndexFunc(rest, func(r rune) bool { return notToken(r) && r != ':' && r != '[' && r != ']' }) // some leave out the quotes
		if end < 0 {
			end = len(rest)
		}
		return name, rest[:end], rest[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '"':
			return name, b.String(), rest[i+1:], true
		case '\\':
			if i++; i == len(rest) {
				return "", "", "", false
			}
			fallthrough
		default:
			b.WriteByte(rest[i])
		}
	}
	return "", "", "", false // no end
}

// notToken tells what no token has in it (RFC 9110 §5.6.2).
func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// named tells of a node that is said and is no address (RFC 7239 §6).
func named(s string) bool { return s == "unknown" || strings.HasPrefix(s, "_") }

// node reads an address, which may have a port and brackets.
func node(s string) (netip.Addr, bool) {
	host := s
	if inside, ok := strings.CutPrefix(s, "["); ok {
		var after string
		if host, after, ok = strings.Cut(inside, "]"); !ok || after != "" && after[0] != ':' {
			return netip.Addr{}, false
		}
	} else if strings.Count(s, ":") == 1 {
		host, _, _ = strings.Cut(s, ":")
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// Source is who an address is counted as: an IPv4 address, or an IPv6 /64, which is what one
// customer has.
func Source(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is4() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil { // the zero value
		return a
	}
	return p.Addr()
}
