package screen

import "net/netip"

// networks answers whether an address is in one of many, in as many steps as they have
// lengths.
type networks struct {
	in   map[netip.Prefix]struct{}
	bits []int
}

func newNetworks(list []netip.Prefix) networks {
	n := networks{in: make(map[netip.Prefix]struct{}, len(list))}
	seen := make(map[int]bool)
	for _, p := range list {
		n.in[p.Masked()] = struct{}{}
		if !seen[p.Bits()] {
			seen[p.Bits()] = true
			n.bits = append(n.bits, p.Bits())
		}
	}
	return n
}

func (n *networks) contains(a netip.Addr) bool {
	for _, bits := range n.bits {
		if bits > a.BitLen() { // of the other family; its error would be made anew each time
			continue
		}
		if p, err := a.Prefix(bits); err == nil {
			if _, in := n.in[p]; in {
				return true
			}
		}
	}
	return false
}
