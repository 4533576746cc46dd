package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk"
	"github.com/skygenesisenterprise/skybridge/internal/asterisk/endpoint"
	"github.com/skygenesisenterprise/skybridge/internal/config"
	"github.com/skygenesisenterprise/skybridge/sip/message"
)

// outside is what parties beyond a NAT are told of where we are, and who is not
// beyond it.
type outside struct {
	signalling string     // a name or an address; empty for the sockets' own
	media      netip.Addr // zero for the sockets' own
	local      []netip.Prefix
}

// private are the networks that no public address is told to: loopback, link-local
// and those of RFC 1918 and RFC 4193.
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

// outsideOf takes the addresses that the files' transports name. There is one for
// all: the first. Local networks are those of all transports together.
func outsideOf(transports []endpoint.Transport) (outside, []asterisk.Warning) {
	o := outside{local: slices.Clone(private)}
	var warnings []asterisk.Warning
	for _, t := range transports {
		warn := func(here, fix, text string, args ...any) {
			warnings = append(warnings, asterisk.Warning{
				File: t.File, Line: t.Line, Text: fmt.Sprintf("transport %s: ", t.Name) + fmt.Sprintf(text, args...), Here: here, Fix: fix,
			})
		}
		o.local = append(o.local, t.LocalNet...)
		if s := t.ExternalSignaling; s != "" {
			host, port := hostPort(s)
			switch {
			case !message.IsHost(host):
				warn("parties outside are told our own address", "", "external signalling address %q is neither a name nor an address", s)
			case o.signalling == "":
				o.signalling = host
			case o.signalling != host:
				warn("parties of every transport are told "+o.signalling, "", "another external signalling address, %s", host)
			}
			if port || t.ExternalPort != 0 {
				warn("parties outside are told the port that it listens on", "let the router pass that port on", "an external signalling port")
			}
		}
		if s := t.ExternalMedia; s != "" {
			host, _ := hostPort(s)
			a, err := netip.ParseAddr(host)
			switch {
			case err != nil:
				warn("media of parties outside is asked to our own address", "write the address", "external media address %q is no address", s)
			case !o.media.IsValid():
				o.media = a
			case o.media != a:
				warn("media of every transport is asked to "+o.media.String(), "", "another external media address, %s", a)
			}
		}
	}
	return o, warnings
}

// hostPort is the host of what may have a port, and whether it has one.
func hostPort(s string) (host string, port bool) {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().String(), true
	}
	return s, false
}

// outside is what the setting says, or the files where it is not made.
func (in *installation) outside(cfg config.Config) outside {
	o := in.external
	if cfg.ExternalIP != "" {
		o.signalling = cfg.ExternalIP
		o.media = netip.MustParseAddr(cfg.ExternalIP) // Validate has parsed it
	}
	return o
}

// addresses are where browsers are told to send, in the place of our own addresses.
func (o outside) addresses() []netip.Addr {
	if !o.media.IsValid() {
		return nil
	}
	return []netip.Addr{o.media}
}

// outsideMedia is where others are told to send, as the last reload has it.
func (s *server) outsideMedia() netip.Addr { return s.loaded.Load().outside(s.cfg).media }

// configure gives phones and browsers the settings of an installation, both or neither.
func (s *server) configure(ctx context.Context, in *installation) error {
	if err := s.webrtc.SetExternalIP(in.outside(s.cfg).addresses()...); err != nil {
		return err
	}
	if err := s.tech.Configure(ctx, in.directory); err != nil {
		return errors.Join(err, s.webrtc.SetExternalIP(s.loaded.Load().outside(s.cfg).addresses()...))
	}
	return nil
}
