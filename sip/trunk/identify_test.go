package trunk

import (
	"net/netip"
	"slices"
	"testing"
)

func TestIdentify(t *testing.T) {
	matches := []Match{
		{"provider", netip.MustParsePrefix("192.0.2.0/24")},
		{"pbx", netip.MustParsePrefix("192.0.2.10/32")},
		{"second", netip.MustParsePrefix("192.0.2.10/32")},
		{"six", netip.MustParsePrefix("2001:db8::/32")},
	}
	exists := func(name string) bool { return name == "1001" || name == "provider" }
	usual := DefaultOrder()
	for _, tt := range []struct {
		name      string
		order     []Method
		anonymous string
		source    string
		user      string
		auth      string
		want      string
		by        Method
	}{
		{"network", usual, "", "192.0.2.1", "", "", "provider", ByIP},
		{"narrowest", usual, "", "192.0.2.10", "", "", "pbx", ByIP},
		{"IPv4 in IPv6", usual, "", "::ffff:192.0.2.10", "", "", "pbx", ByIP},
		{"IPv6", usual, "", "2001:db8::1%eth0", "", "", "six", ByIP},
		{"address before user", usual, "", "192.0.2.1", "1001", "", "provider", ByIP},
		{"user before address", []Method{ByUsername, ByIP}, "", "192.0.2.1", "1001", "", "1001", ByUsername},
		{"unknown user, then address", []Method{ByUsername, ByIP}, "", "192.0.2.1", "1002", "", "provider", ByIP},
		{"user", usual, "", "198.51.100.1", "1001", "", "1001", ByUsername},
		{"name of an endpoint that is identified by address", usual, "", "198.51.100.1", "provider", "", "provider", ByUsername},
		{"credentials are not looked at", usual, "", "198.51.100.1", "x", "1001", "", 0},
		{"credentials", []Method{ByAuthUsername}, "", "198.51.100.1", "x", "1001", "1001", ByAuthUsername},
		{"nobody", usual, "", "198.51.100.1", "1002", "", "", 0},
		{"nobody without names", usual, "", "198.51.100.1", "", "", "", 0},
		{"anonymous", usual, "guest", "198.51.100.1", "1002", "", "guest", ByAnonymous},
		{"anonymous is not in the order", []Method{ByIP, ByUsername}, "guest", "198.51.100.1", "1002", "", "", 0},
		{"no order", nil, "guest", "192.0.2.1", "1001", "1001", "", 0},
		{"no address", usual, "", "", "", "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := NewIdentifier(tt.order, matches, exists, tt.anonymous)
			if err != nil {
				t.Fatal(err)
			}
			var source netip.Addr
			if tt.source != "" {
				source = netip.MustParseAddr(tt.source)
			}
			got, by, ok := id.Identify(source, tt.user, tt.auth)
			if got != tt.want || ok != (tt.want != "") || by != tt.by {
				t.Errorf("got %q by %v, %v", got, by, ok)
			}
			if c := id.Conflicts(); !slices.Equal(c, []Match{matches[2]}) {
				t.Errorf("conflicts %v", c)
			}
		})
	}
	if _, _, ok := new(Identifier).Identify(netip.MustParseAddr("192.0.2.1"), "1001", "1001"); ok {
		t.Error("the zero Identifier knows somebody")
	}
	for name, bad := range map[string]struct {
		order   []Method
		matches []Match
	}{
		"unknown method":   {[]Method{methods}, nil},
		"method twice":     {[]Method{ByIP, ByIP}, nil},
		"without network":  {usual, []Match{{Endpoint: "x"}}},
		"without endpoint": {usual, []Match{{Network: netip.MustParsePrefix("::/0")}}},
	} {
		if _, err := NewIdentifier(bad.order, bad.matches, nil, ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseMatch(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", " 192.0.2.1/24": "192.0.2.0/24", "192.0.2.1/255.255.255.0": "192.0.2.0/24",
		"0.0.0.0/0": "0.0.0.0/0", "2001:db8::1": "2001:db8::1/128", "2001:db8::1/64": "2001:db8::/64",
		"::ffff:192.0.2.1": "192.0.2.1/32",
		"":                 "", "host.example": "", "192.0.2.1/33": "", "192.0.2.1/255.0.255.0": "", "192.0.2.1/": "",
		"fe80::1%eth0": "", "2001:db8::1/255.255.255.0": "", "192.0.2": "",
	} {
		got, err := ParseMatch(in)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: got %v, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseOrder(t *testing.T) {
	got, err := ParseOrder("username, IP,auth_username,anonymous")
	if err != nil || !slices.Equal(got, []Method{ByUsername, ByIP, ByAuthUsername, ByAnonymous}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "ip,ip", "ip,,username", "header"} {
		if got, err := ParseOrder(bad); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}
