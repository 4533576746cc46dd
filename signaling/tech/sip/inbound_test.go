package sip

import (
	"net/netip"
	"testing"
)

// Who is in one of our networks sees our own address, everybody else that outside.
func TestMediaAddress(t *testing.T) {
	outside := netip.MustParseAddr("203.0.113.5")
	own := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, tc := range []struct {
		external    netip.Addr
		local       []netip.Prefix
		party, want string
	}{
		{netip.Addr{}, nil, "127.0.0.1", "127.0.0.1"},
		{outside, own, "127.0.0.1", "127.0.0.1"},
		{outside, own, "::ffff:127.0.0.1", "127.0.0.1"},
		{outside, own, "198.51.100.1", "203.0.113.5"},
		{outside, own, "10.0.0.1", "203.0.113.5"},
		{outside, nil, "127.0.0.1", "203.0.113.5"},
	} {
		tech := &Tech{cfg: Config{External: tc.external, LocalNetworks: tc.local}}
		got, err := tech.mediaAddress(netip.MustParseAddr(tc.party))
		if err != nil || got.String() != tc.want {
			t.Errorf("%s is told %v (%v), not %s", tc.party, got, err, tc.want)
		}
	}
}
