// Package outside reads what parties beyond a NAT are told of where the server is.
//
// It starts no goroutine.
package outside

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// Told is what parties beyond a NAT are told of where we are, and who is not beyond it.
type Told struct {
	Signalling []string     // a name, or an address of each family; empty for the sockets' own
	Media      []netip.Addr // of each family; empty for the sockets' own
	Local      []netip.Prefix
	Ports      map[string]uint16 // for signalling, by network, where they are not the sockets'
}

// External is what the stack tells parties outside.
func (o Told) External() sip.External {
	return sip.External{Hosts: o.Signalling, LocalNetworks: o.Local, Ports: o.Ports}
}

// Or has those addresses told where there are any.
func (o Told) Or(addrs []netip.Addr) Told {
	if len(addrs) > 0 {
		o.Media, o.Signalling = addrs, nil
		for _, a := range addrs {
			o.Signalling = append(o.Signalling, a.String())
		}
	}
	return o
}

// private are the networks that no public address is told to: loopback, link-local
// and those of RFC 1918 and RFC 4193.
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

// Of takes the addresses that the files' transports name. There is one of each family for
// all: the first. Local networks are those of all transports together.
func Of(transports []endpoint.Transport) (Told, []asterisk.Warning) {
	o := Told{Local: slices.Clone(private)}
	var warnings []asterisk.Warning
	for _, t := range transports {
		warn := func(here, fix, text string, args ...any) {
			warnings = append(warnings, asterisk.Warning{
				File: t.File, Line: t.Line, Text: fmt.Sprintf("transport %s: ", t.Name) + fmt.Sprintf(text, args...), Here: here, Fix: fix,
			})
		}
		o.Local = append(o.Local, t.LocalNet...)
		if s := t.ExternalSignaling; s != "" {
			host, port := hostPort(s)
			switch {
			case !message.IsHost(host):
				warn("parties outside are told our own address", "", "external signalling address %q is neither a name nor an address", s)
			case !slices.ContainsFunc(o.Signalling, func(h string) bool { return alike(h, host) }):
				o.Signalling = append(o.Signalling, host)
			case !slices.Contains(o.Signalling, host):
				warn("parties of every transport are told "+strings.Join(o.Signalling, " and "), "", "another external signalling address, %s", host)
			}
			if port := cmp.Or(uint16(t.ExternalPort), port); port != 0 { //nolint:gosec // the reader has bounded it
				if o.Ports == nil {
					o.Ports = make(map[string]uint16)
				}
				o.Ports[t.Protocol] = port
			}
		}
		if s := t.ExternalMedia; s != "" {
			host, _ := hostPort(s)
			a, err := netip.ParseAddr(host)
			switch {
			case err != nil:
				warn("media of parties outside is asked to our own address", "write the address", "external media address %q is no address", s)
			case !slices.ContainsFunc(o.Media, func(b netip.Addr) bool { return a.Is4() == b.Is4() }):
				o.Media = append(o.Media, a)
			case !slices.Contains(o.Media, a):
				warn(fmt.Sprintf("media of every transport is asked to %v", o.Media), "", "another external media address, %s", a)
			}
		}
	}
	return o, warnings
}

// alike reports whether no peer could be told the second of two hosts: what is told first
// is a name, or an address of the same family.
func alike(told, host string) bool {
	a, err := netip.ParseAddr(told)
	b, err2 := netip.ParseAddr(host)
	return err != nil || err2 == nil && a.Is4() == b.Is4()
}

// hostPort is the host of what may have a port, and that port, or 0.
func hostPort(s string) (host string, port uint16) {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().String(), a.Port()
	}
	return strings.Trim(s, "[]"), 0
}
