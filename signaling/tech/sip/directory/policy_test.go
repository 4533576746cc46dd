package directory

import (
	"net/netip"
	"testing"

	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/registrar"
)

// A host is an endpoint's where its requests come from, where it is reached, or its proxy.
func TestHasHost(t *testing.T) {
	d := &Directory{
		Endpoints: []Endpoint{
			{Name: "carrier", AORs: []string{"carrier"}, Match: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}, Hosts: []string{"sip.carrier.example"},
				Proxy: message.URI{Scheme: "sip", Host: "edge.carrier.example"}},
			{Name: "other", AORs: []string{"other"}, Match: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}},
		},
		AORs: []registrar.AOR{
			{Name: "carrier", Contacts: []message.URI{{Scheme: "sip", Host: "gw.carrier.example"}, {Scheme: "sip", Host: "2001:db8::1"}}},
			{Name: "other", Contacts: []message.URI{{Scheme: "sip", Host: "other.example"}}},
		},
	}
	if err := d.Index(map[string][]netip.Addr{"carrier": {netip.MustParseAddr("198.51.100.1")}}); err != nil {
		t.Fatal(err)
	}
	e := d.Endpoint("carrier")
	for host, want := range map[string]bool{
		"192.0.2.3": true, "::ffff:192.0.2.3": true, "SIP.carrier.example": true, "edge.carrier.example": true, "gw.carrier.example": true,
		"2001:db8::1": true, "198.51.100.1": true, // what its name leads to
		"192.0.2.16": false, "198.51.100.2": false, "carrier.example": false, "x.sip.carrier.example": false, "other.example": false, "": false,
	} {
		if got := d.HasHost(e, host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if phone := (&Endpoint{Name: "phone"}); d.HasHost(phone, "") {
		t.Error("an endpoint without a proxy has no host at all")
	}
}
