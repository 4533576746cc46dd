// Package ownaddress says where media is to be sent to us: what address a party is told in
// SDP, and on which one the ports are opened, always of the family that the party uses
// (RFC 6157). Who is beyond a NAT is told the address that this has outside.
//
// It starts no goroutine.
package ownaddress

import (
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/skygenesisenterprise/skybridge/internal/route"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

// Finder finds addresses of ours. It is safe for concurrent use.
type Finder struct {
	ports   *rtp.Ports
	outside atomic.Pointer[outside]
	routes  route.Table
}

// outside is what parties outside our networks are told: an address of each family at most.
type outside struct {
	addrs []netip.Addr
	local []netip.Prefix
}

// New makes a finder that knows nothing of an outside.
func New(ports *rtp.Ports) *Finder {
	f := &Finder{ports: ports}
	f.outside.Store(&outside{})
	return f
}

// SetOutside has parties outside the local networks told one of those addresses, the first
// of their family, from the next description on; where there is none, our own.
func (f *Finder) SetOutside(addrs []netip.Addr, local []netip.Prefix) {
	f.outside.Store(&outside{slices.Clone(addrs), slices.Clone(local)})
}

// Outside is the first address that parties outside are told; zero for none.
func (f *Finder) Outside() netip.Addr {
	for _, a := range f.outside.Load().addrs {
		return a
	}
	return netip.Addr{}
}

// Fixed is an address that was written down for some parties; the zero value is none.
type Fixed struct {
	Addr netip.Addr
	// Bind opens their ports there, too.
	Bind bool
}

// Address is where media comes to us.
type Address struct {
	Told  netip.Addr // in SDP
	Local netip.Addr // that the ports are opened on
}

// For finds the address for a party, by where it is: the fixed one, if that is of its
// family, else the one outside, else the one that packets to the party leave from. The
// error is of kind fault.NotAcceptable where no port can be had in the party's family, and
// fault.Unreachable where no way leads to it.
func (f *Finder) For(party netip.Addr, fixed Fixed) (Address, error) {
	party = party.Unmap()
	local, err := f.ports.Local(party)
	if err != nil {
		return Address{}, err
	}
	a := Address{Local: local}
	switch told := f.outside.Load().tell(party); {
	case fixed.Addr.IsValid() && fixed.Addr.Is4() == party.Is4():
		a.Told = fixed.Addr
		if fixed.Bind {
			a.Local = fixed.Addr
		}
	case told.IsValid():
		a.Told = told
	case !local.IsUnspecified():
		a.Told = local
	default:
		a.Told, err = f.routes.From(party)
	}
	return a, err
}

// tell is what a party outside is told; zero for one that is not outside.
func (o *outside) tell(party netip.Addr) netip.Addr {
	near := func(p netip.Prefix) bool { return p.Contains(party.WithZone("")) }
	for _, a := range o.addrs {
		if a.Is4() == party.Is4() && !slices.ContainsFunc(o.local, near) {
			return a
		}
	}
	return netip.Addr{}
}
