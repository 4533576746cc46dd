package ownaddress

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/rtp"
)

func addrs(list string) (out []netip.Addr) {
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// Who is in one of our networks sees our own address, everybody else that outside, and each
// one of its own family.
func TestFor(t *testing.T) {
	const anywhere, both = "0.0.0.0 ::", "203.0.113.5 2001:db8::5"
	near := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tc := range []struct {
		name, ports, outside string
		local                []netip.Prefix
		fixed, party         string
		told, bound          string
	}{
		{"our own", anywhere, "", nil, "", "127.0.0.1", "127.0.0.1", "0.0.0.0"},
		{"our own, IPv6", anywhere, "", nil, "", "::1", "::1", "::"},
		{"near", anywhere, both, near, "", "127.0.0.1", "127.0.0.1", "0.0.0.0"},
		{"near, mapped", anywhere, both, near, "", "::ffff:127.0.0.1", "127.0.0.1", "0.0.0.0"},
		{"near, IPv6", anywhere, both, near, "", "::1", "::1", "::"},
		{"far", anywhere, both, near, "", "198.51.100.1", "203.0.113.5", "0.0.0.0"},
		{"far, IPv6", anywhere, both, near, "", "2001:db8:1::1", "2001:db8::5", "::"},
		{"all are far", anywhere, both, nil, "", "127.0.0.1", "203.0.113.5", "0.0.0.0"},
		{"the outside is of the other family", anywhere, "203.0.113.5", nil, "", "::1", "::1", "::"},
		{"bound", "127.0.0.2 ::1", "", nil, "", "127.0.0.1", "127.0.0.2", "127.0.0.2"},
		{"bound, and far", "127.0.0.2", both, near, "", "198.51.100.1", "203.0.113.5", "127.0.0.2"},
		{"fixed", anywhere, both, nil, "198.51.100.9", "198.51.100.1", "198.51.100.9", "0.0.0.0"},
		{"fixed and bound", anywhere, both, nil, "127.0.0.3 bind", "198.51.100.1", "127.0.0.3", "127.0.0.3"},
		{"fixed in the other family", anywhere, both, nil, "127.0.0.3 bind", "2001:db8:1::1", "2001:db8::5", "::"},
		{"without a port", "0.0.0.0", both, nil, "", "::1", "", ""},
		{"nobody", anywhere, both, nil, "", "", "", ""},
	} {
		cfg := rtp.DefaultPortsConfig()
		cfg.Addresses, cfg.First, cfg.Last = addrs(tc.ports), 0, 0
		ports, err := rtp.NewPorts(cfg)
		if err != nil {
			t.Fatal(err)
		}
		f := New(ports)
		f.SetOutside(addrs(tc.outside), tc.local)
		var fixed Fixed
		if a, bind, _ := strings.Cut(tc.fixed, " "); a != "" {
			fixed = Fixed{netip.MustParseAddr(a), bind != ""}
		}
		var party netip.Addr
		if tc.party != "" {
			party = netip.MustParseAddr(tc.party)
		}
		got, err := f.For(party, fixed)
		if tc.told == "" {
			if fault.Of(err) != fault.NotAcceptable {
				t.Errorf("%s: %v, %v", tc.name, got, err)
			}
			continue
		}
		if err != nil || got.Told.String() != tc.told || got.Local.String() != tc.bound {
			t.Errorf("%s: %v on %v (%v), want %s on %s", tc.name, got.Told, got.Local, err, tc.told, tc.bound)
		}
		s, err := ports.OpenOn(got.Local)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
