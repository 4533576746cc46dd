package sip

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestIdentifier(t *testing.T) {
	matches := []match{
		{"provider", netip.MustParsePrefix("192.0.2.0/24")},
		{"pbx", netip.MustParsePrefix("192.0.2.10/32")},
		{"second", netip.MustParsePrefix("192.0.2.10/32")},
		{"six", netip.MustParsePrefix("2001:db8::/32")},
	}
	exists := func(name string) bool { return name == "1001" || name == "provider" }
	usual := readOrder(nil)
	for _, tt := range []struct {
		name      string
		order     []method
		anonymous string
		source    string
		user      string
		auth      string
		want      string
		by        method
	}{
		{"network", usual, "", "192.0.2.1", "", "", "provider", byIP},
		{"narrowest", usual, "", "192.0.2.10", "", "", "pbx", byIP},
		{"IPv4 in IPv6", usual, "", "::ffff:192.0.2.10", "", "", "pbx", byIP},
		{"IPv6", usual, "", "2001:db8::1%eth0", "", "", "six", byIP},
		{"address before user", usual, "", "192.0.2.1", "1001", "", "provider", byIP},
		{"user before address", []method{byUsername, byIP}, "", "192.0.2.1", "1001", "", "1001", byUsername},
		{"unknown user, then address", []method{byUsername, byIP}, "", "192.0.2.1", "1002", "", "provider", byIP},
		{"user", usual, "", "198.51.100.1", "1001", "", "1001", byUsername},
		{"name of an endpoint that is identified by address", usual, "", "198.51.100.1", "provider", "", "provider", byUsername},
		{"credentials are not looked at", usual, "", "198.51.100.1", "x", "1001", "", 0},
		{"credentials", []method{byAuthUsername}, "", "198.51.100.1", "x", "1001", "1001", byAuthUsername},
		{"nobody", usual, "", "198.51.100.1", "1002", "", "", 0},
		{"nobody without names", usual, "", "198.51.100.1", "", "", "", 0},
		{"anonymous", usual, "guest", "198.51.100.1", "1002", "", "guest", byAnonymous},
		{"anonymous is not in the order", []method{byIP, byUsername}, "guest", "198.51.100.1", "1002", "", "", 0},
		{"no order", nil, "guest", "192.0.2.1", "1001", "1001", "", 0},
		{"no address", usual, "", "", "", "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := newIdentifier(tt.order, matches, exists, tt.anonymous)
			if err != nil {
				t.Fatal(err)
			}
			var source netip.Addr
			if tt.source != "" {
				source = netip.MustParseAddr(tt.source)
			}
			got, by, ok := id.identify(source, tt.user, tt.auth)
			if got != tt.want || ok != (tt.want != "") || by != tt.by {
				t.Errorf("got %q by %v, %v", got, by, ok)
			}
		})
	}
	if _, _, ok := new(identifier).identify(netip.MustParseAddr("192.0.2.1"), "1001", "1001"); ok {
		t.Error("the zero identifier knows somebody")
	}
	for name, bad := range map[string]match{
		"without network":  {endpoint: "x"},
		"without endpoint": {network: netip.MustParsePrefix("::/0")},
	} {
		if _, err := newIdentifier(usual, []match{bad}, nil, ""); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadOrder(t *testing.T) {
	for _, tt := range []struct{ names, want []string }{
		{[]string{"username", " IP", "auth_username", "anonymous"}, []string{"username", "ip", "auth_username", "anonymous"}},
		{[]string{"ip", "header", "ip"}, []string{"ip"}},
		{[]string{"header", ""}, []string{"ip", "username", "anonymous"}},
		{nil, []string{"ip", "username", "anonymous"}},
	} {
		var got []string
		for _, m := range readOrder(tt.names) {
			got = append(got, m.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q is %q, want %q", tt.names, got, tt.want)
		}
	}
}
