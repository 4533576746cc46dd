// Package acl reads Asterisk's access control lists: permit, deny and acl of any file, and
// the named lists of acl.conf. What cannot be read of one permits nobody: a list that is
// open for a slip of the pen is worse than one that is shut.
//
// It starts no goroutine.
package acl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/option"
)

// Rule is one permit or deny.
type Rule struct {
	Permit bool
	Net    netip.Prefix
}

// List is rules of which the last that fits decides; an address that none fits is permitted,
// as in Asterisk.
type List []Rule

// Permits reports whether an address is allowed. One of IPv4 that is written in IPv6 is one
// of IPv4; rules of one family say nothing of the other.
func (l List) Permits(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, r := range slices.Backward(l) {
		if r.Net.Contains(addr) {
			return r.Permit
		}
	}
	return true
}

// ACL is lists that all have to permit an address. The zero value permits every one.
type ACL struct {
	own    List   // permit and deny of the section
	lists  []List // of acl.conf, and of other sections
	wanted []name // of acl.conf, not found yet
	shut   bool   // something of it cannot be read
}

// name is one of acl.conf's, and who wants it.
type name struct {
	text, key string
	section   *asterisk.Section // nil until Placed
}

// Permits reports whether an address is allowed. Names that nobody has looked up permit none.
func (a *ACL) Permits(addr netip.Addr) bool {
	if a.shut || len(a.wanted) > 0 || !a.own.Permits(addr) {
		return false
	}
	for _, l := range a.lists {
		if !l.Permits(addr) {
			return false
		}
	}
	return true
}

// Empty reports whether it says nothing, and so permits every address.
func (a *ACL) Empty() bool {
	return !a.shut && len(a.own)+len(a.lists)+len(a.wanted) == 0
}

// String is the lists, for those who read a configuration.
func (a ACL) String() string {
	var parts []string
	for _, l := range append([]List{a.own}, a.lists...) {
		for i, r := range l {
			word := "deny"
			if r.Permit {
				word = "permit"
			}
			if i == 0 && len(parts) > 0 {
				word = "and " + word
			}
			parts = append(parts, word+" "+r.Net.String())
		}
	}
	for _, n := range a.wanted {
		parts = append(parts, "acl "+n.text)
	}
	if a.shut {
		parts = append(parts, "nobody")
	}
	return strings.Join(parts, " ")
}

// And adds what another says: both have to permit an address then.
func (a *ACL) And(b ACL) {
	if len(b.own) > 0 {
		a.lists = append(slices.Clip(a.lists), b.own)
	}
	a.lists = append(slices.Clip(a.lists), b.lists...)
	a.wanted = append(slices.Clip(a.wanted), b.wanted...)
	a.shut = a.shut || b.shut
}

// shutBy makes it permit nobody, and says why.
func (a *ACL) shutBy(err error) error {
	a.shut = true
	return shut(err)
}

func shut(err error) error {
	return &option.RefusalError{Err: err, Here: "no address is permitted until that is mended", Fix: "write an address, or a network as 192.0.2.0/24 or 192.0.2.0/255.255.255.0"}
}

// Rules reads permit or deny: addresses and networks separated by commas, each of which an
// exclamation mark turns round.
func Rules[T any](field func(*T) *ACL, permit bool) func(*T, string) error {
	return func(t *T, v string) error {
		a := field(t)
		list, err := parse(v, permit)
		if err != nil {
			return a.shutBy(err)
		}
		a.own = append(slices.Clip(a.own), list...)
		return nil
	}
}

// Names reads acl: names of acl.conf's lists, separated by commas.
func Names[T any](field func(*T) *ACL) func(*T, string) error {
	return func(t *T, v string) error {
		a := field(t)
		a.wanted = slices.Clip(a.wanted)
		for _, n := range option.Split(v) {
			a.wanted = append(a.wanted, name{text: n})
		}
		return nil
	}
}

// Placed tells where the names stand: an option of a section.
func (a *ACL) Placed(s *asterisk.Section, key string) {
	a.wanted = slices.Clone(a.wanted)
	for i := range a.wanted {
		if a.wanted[i].section == nil {
			a.wanted[i].section, a.wanted[i].key = s, key
		}
	}
}

// Find puts lists in the place of their names. Of a name that is not there is warned, and
// it permits nobody.
func (a *ACL) Find(named Named, w *asterisk.Warnings) {
	for _, n := range a.wanted {
		list, ok := named[n.text]
		if ok {
			a.And(list)
			continue
		}
		a.shut = true
		if n.section == nil {
			continue
		}
		file, line := n.section.File, n.section.Line
		if set := n.section.Last(n.key); set != nil {
			file, line = set.File, set.Line
		}
		w.Add(asterisk.Warning{Grave: true, File: file, Line: line, Text: fmt.Sprintf("[%s] %s: there is no list %q in %s", n.section.Name, n.key, n.text, File),
			Here: "no address is permitted until there is", Fix: fmt.Sprintf("add [%s] to %s", n.text, File)})
	}
	a.wanted = nil
}

// parse reads what stands behind permit or deny.
func parse(v string, permit bool) (List, error) {
	words := option.Split(v)
	if len(words) == 0 {
		return nil, fmt.Errorf("there is no address")
	}
	list := make(List, 0, len(words))
	for _, word := range words {
		text, negated := strings.CutPrefix(word, "!")
		network, err := option.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		if network.Addr().Is4In6() && network.Bits() >= 96 { // a network of IPv4, written in IPv6
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
		}
		list = append(list, Rule{permit != negated, network})
	}
	return list, nil
}
