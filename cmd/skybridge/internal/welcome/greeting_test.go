package welcome_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/cmd/skybridge/internal/welcome"
	"github.com/skygenesisenterprise/skybridge/internal/golden"
)

func TestTheGreeting(t *testing.T) {
	at := netip.MustParseAddrPort
	whole := welcome.Greeting{
		Version: "1.2.3", Demo: true, UDP: at("[::]:5060"), TCP: at("[::]:5060"), TLS: at("[::]:5061"),
		User: "1001", Password: "secret", Folder: "/srv/data/asterisk", Page: at("[::]:8080"), Calls: true, Token: "a.b.c",
		Outward: "192.0.2.7",
	}
	for name, change := range map[string]func(*welcome.Greeting){
		"whole":           func(*welcome.Greeting) {},
		"operators-files": func(g *welcome.Greeting) { *g = welcome.Greeting{Version: "1.2.3"} },
		"tls":             func(g *welcome.Greeting) { g.PageTLS = true },
		"one-address": func(g *welcome.Greeting) {
			g.Page, g.UDP, g.TCP = at("192.0.2.9:80"), at("192.0.2.9:5060"), at("192.0.2.9:5060")
		},
		"one-address-tls":  func(g *welcome.Greeting) { g.Page, g.PageTLS = at("192.0.2.9:443"), true },
		"loopback":         func(g *welcome.Greeting) { g.Page, g.TLS = at("127.0.0.1:40123"), at("127.0.0.1:5061") },
		"chosen-ports":     func(g *welcome.Greeting) { g.UDP, g.TCP = at("127.0.0.1:40001"), at("127.0.0.1:40002") },
		"no-sip":           func(g *welcome.Greeting) { g.UDP, g.TCP, g.TLS = netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{} },
		"tls-alone":        func(g *welcome.Greeting) { g.UDP, g.TCP = netip.AddrPort{}, netip.AddrPort{} },
		"no-tls":           func(g *welcome.Greeting) { g.TLS = netip.AddrPort{} },
		"no-api":           func(g *welcome.Greeting) { g.Page = netip.AddrPort{} },
		"no-webrtc":        func(g *welcome.Greeting) { g.Calls = false },
		"nothing-outwards": func(g *welcome.Greeting) { g.Outward, g.PageTLS = "localhost", true },
	} {
		t.Run(name, func(t *testing.T) {
			g := whole
			change(&g)
			golden.Equal(t, filepath.Join("testdata", "greeting", name+".txt"), g.String())
		})
	}
}
