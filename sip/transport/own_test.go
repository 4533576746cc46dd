package transport

import (
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
)

func TestOwn(t *testing.T) {
	here := netip.MustParseAddr("127.0.0.1")
	l := &Layer{bound: []boundListener{
		{"udp", netip.AddrPortFrom(netip.IPv4Unspecified(), 5060), ""},
		{"tcp", netip.AddrPortFrom(here, 5070), ""},
		{"tls", netip.AddrPortFrom(netip.IPv6Unspecified(), 5061), ""},
	}}
	for text, want := range map[string]bool{
		"sip:a@127.0.0.1":                    true,
		"sip:127.0.0.1:5060":                 true,
		"sip:a@0.0.0.0":                      true,
		"sip:a@localhost":                    true,
		"sip:a@[::ffff:127.0.0.1]":           true,
		"sip:a@PBX.example":                  true,
		"sip:a@far.example;maddr=127.0.0.1":  true,
		"sips:a@[::1]":                       true,
		"sip:a@127.0.0.1:5070;transport=tcp": true,
		"sip:a@127.0.0.1:5070":               false, // UDP is on 5060
		"sip:a@127.0.0.1;transport=tcp":      false,
		"sip:a@192.0.2.1":                    false,
		"sip:a@192.0.2.1:5070;transport=tcp": false,
		"sip:a@phone.example":                false,
		"sip:a@pbx.example:5062":             false,
		"sip:a@127.0.0.1;maddr=192.0.2.1":    false,
		"sip:a@127.0.0.1;transport=ws":       false, // leads nowhere but over its connection
		"tel:+33123":                         false,
	} {
		if got := l.Own(parsedURI(text), "pbx.example"); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if l.Own(parsedURI("sip:a@pbx.example")) {
		t.Error("an alias of nobody")
	}
}

func parsedURI(s string) message.URI {
	u, err := message.ParseURI(s)
	if err != nil {
		panic(err)
	}
	return u
}
