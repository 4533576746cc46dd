package main

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/golden"
)

func TestTheGreeting(t *testing.T) {
	at := netip.MustParseAddrPort
	whole := greeting{
		version: "1.2.3", demo: true, udp: at("[::]:5060"), tcp: at("[::]:5060"), tls: at("[::]:5061"),
		user: "1001", password: "secret", folder: "/srv/data/asterisk", page: at("[::]:8080"), calls: true, token: "a.b.c",
		outward: "192.0.2.7",
	}
	for name, change := range map[string]func(*greeting){
		"whole":           func(*greeting) {},
		"operators-files": func(g *greeting) { *g = greeting{version: "1.2.3"} },
		"tls":             func(g *greeting) { g.pageTLS = true },
		"one-address": func(g *greeting) {
			g.page, g.udp, g.tcp = at("192.0.2.9:80"), at("192.0.2.9:5060"), at("192.0.2.9:5060")
		},
		"one-address-tls":  func(g *greeting) { g.page, g.pageTLS = at("192.0.2.9:443"), true },
		"loopback":         func(g *greeting) { g.page, g.tls = at("127.0.0.1:40123"), at("127.0.0.1:5061") },
		"chosen-ports":     func(g *greeting) { g.udp, g.tcp = at("127.0.0.1:40001"), at("127.0.0.1:40002") },
		"no-sip":           func(g *greeting) { g.udp, g.tcp, g.tls = netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{} },
		"tls-alone":        func(g *greeting) { g.udp, g.tcp = netip.AddrPort{}, netip.AddrPort{} },
		"no-tls":           func(g *greeting) { g.tls = netip.AddrPort{} },
		"no-api":           func(g *greeting) { g.page = netip.AddrPort{} },
		"no-webrtc":        func(g *greeting) { g.calls = false },
		"nothing-outwards": func(g *greeting) { g.outward, g.pageTLS = "localhost", true },
	} {
		t.Run(name, func(t *testing.T) {
			g := whole
			change(&g)
			golden.Equal(t, filepath.Join("testdata", "greeting", name+".txt"), g.String())
		})
	}
}
