// Package origin tells whose an address is taken to be, wherever something is
// counted for each peer. It starts no goroutine.
package origin

import "net/netip"

// Of is what one peer, or one attacker, is taken to own: an IPv4 address or an IPv6
// /64. Of no address it is the zero Prefix.
func Of(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // the zero address: all such callers are one
		return netip.Prefix{}
	}
	return p
}
