package turn

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// machine are the addresses of the machine in these tests.
var machine = []string{"127.0.0.1/8", "::1/128", "8.8.4.4/24", "2a00:1::5/64"}

func newPeers(t testing.TB, media, external string, allow ...string) *peers {
	t.Helper()
	p := &peers{list: func() (out []net.Addr, _ error) {
		for _, text := range machine {
			ip, n, err := net.ParseCIDR(text)
			if err != nil {
				return nil, err
			}
			out = append(out, &net.IPNet{IP: ip, Mask: n.Mask})
		}
		return out, nil
	}}
	for _, a := range allow {
		p.allow = append(p.allow, netip.MustParsePrefix(a))
	}
	ext := []netip.Addr{}
	for a := range strings.FieldsSeq(external) {
		ext = append(ext, netip.MustParseAddr(a))
	}
	p.external.Store(&ext)
	for a := range strings.FieldsSeq(media) {
		p.media, p.port = append(p.media, netip.MustParseAddr(a)), 7882
	}
	if err := p.refresh(time.Now()); err != nil {
		t.Fatal(err)
	}
	return p
}

// forbidden are addresses that no relay leads to, one of each form.
var forbidden = []struct{ name, addr string }{
	{"loopback", "127.0.0.1"},
	{"loopback elsewhere", "127.8.9.10"},
	{"unspecified", "0.0.0.0"},
	{"this network", "0.1.2.3"},
	{"link-local", "169.254.169.254"},
	{"private 10", "10.0.0.1"},
	{"private 172", "172.31.255.255"},
	{"private 192", "192.168.1.1"},
	{"CGNAT", "100.64.0.1"},
	{"protocol assignments", "192.0.0.8"},
	{"documentation", "203.0.113.9"},
	{"benchmarking", "198.19.0.1"},
	{"6to4 relay", "192.88.99.1"},
	{"multicast", "224.0.0.1"},
	{"reserved", "240.0.0.1"},
	{"broadcast", "255.255.255.255"},
	{"own", "8.8.4.4"},
	{"IPv6 loopback", "::1"},
	{"IPv6 unspecified", "::"},
	{"IPv6 link-local", "fe80::1"},
	{"IPv6 site-local", "fec0::1"},
	{"IPv6 unique local", "fd00::1"},
	{"IPv6 multicast", "ff02::1"},
	{"IPv6 documentation", "2001:db8::1"},
	{"IPv6 discard", "100::1"},
	{"IPv6 own", "2a00:1::5"},
	{"mapped loopback", "::ffff:127.0.0.1"},
	{"mapped private", "::ffff:10.0.0.1"},
	{"mapped own", "::ffff:8.8.4.4"},
	{"mapped unspecified", "::ffff:0.0.0.0"},
	{"compatible loopback", "::127.0.0.1"},
	{"compatible public", "::9.9.9.9"},
	{"translated loopback", "::ffff:0:127.0.0.1"},
	{"NAT64 loopback", "64:ff9b::127.0.0.1"},
	{"NAT64 private", "64:ff9b::192.168.0.1"},
	{"NAT64 own", "64:ff9b::8.8.4.4"},
	{"local NAT64 loopback", "64:ff9b:1::127.0.0.1"},
	{"local NAT64 public", "64:ff9b:1::9.9.9.9"},
	{"6to4 loopback", "2002:7f00:1::1"},
	{"6to4 private", "2002:c0a8:101::1"},
	{"6to4 own", "2002:808:404::1"},
	{"Teredo client loopback", "2001:0:909:909::80ff:fffe"},
	{"Teredo server private", "2001:0:a00:1::f6f6:f6f6"},
	{"ISATAP loopback", "2a00:2::5efe:127.0.0.1"},
	{"ISATAP private", "2a00:2::200:5efe:10.0.0.1"},
}

// public are addresses that relays are for.
var public = []string{"9.9.9.9", "1.1.1.1", "8.8.4.5", "172.32.0.1", "100.128.0.1", "2a00:2::1", "64:ff9b::9.9.9.9", "2002:909:909::1", "2001:0:909:909::f6f6:f6f6", "::ffff:9.9.9.9"}

func TestWhoMayBeReached(t *testing.T) {
	p := newPeers(t, "", "")
	for _, ca := range forbidden {
		a := netip.MustParseAddr(ca.addr)
		if p.reachable(a) || p.permits(a) {
			t.Errorf("%s: %s may be reached", ca.name, a)
		}
		if _, ok := p.to(netip.AddrPortFrom(a, 9)); ok {
			t.Errorf("%s: a packet goes to %s", ca.name, a)
		}
		if _, ok := p.from(netip.AddrPortFrom(a, 9)); ok {
			t.Errorf("%s: a packet comes from %s", ca.name, a)
		}
	}
	for _, text := range public {
		a := netip.MustParseAddr(text)
		if !p.permits(a) {
			t.Errorf("%s may not be reached", a)
		}
		if to, ok := p.to(netip.AddrPortFrom(a, 9)); !ok || to.Addr() != a.Unmap() {
			t.Errorf("a packet for %s goes to %s, %v", a, to, ok)
		}
		if _, ok := p.to(netip.AddrPortFrom(a, 0)); ok {
			t.Errorf("a packet goes to port 0 of %s", a)
		}
	}
	if p.permits(netip.Addr{}) {
		t.Error("no address is permitted")
	}
}

func TestWhatTheOperatorAllows(t *testing.T) {
	p := newPeers(t, "", "", "10.1.0.0/16", "127.0.0.1/32", "fd00::/8")
	for text, want := range map[string]bool{
		"10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": true, "127.0.0.2": false, "fd12::1": true, "fe80::1": false,
		"::ffff:10.1.2.3": true, "64:ff9b::10.1.2.3": true, "64:ff9b::10.2.2.3": false,
	} {
		if got := p.permits(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Of the machine itself one port can be reached, at the addresses where media are.
func TestTheMediaPortIsReached(t *testing.T) {
	for _, ca := range []struct {
		media, external string
		to, goes, back  string // goes "" is nowhere, back is what its answer comes from
	}{
		{"8.8.4.4", "", "8.8.4.4:7882", "8.8.4.4:7882", "8.8.4.4:7882"},
		{"8.8.4.4", "", "[::ffff:8.8.4.4]:7882", "8.8.4.4:7882", "8.8.4.4:7882"},
		{"8.8.4.4", "", "8.8.4.4:7881", "", ""},
		{"8.8.4.4", "", "8.8.4.4:22", "", ""},
		{"8.8.4.4", "", "127.0.0.1:7882", "", ""},
		{"8.8.4.4", "", "[2a00:1::5]:7882", "", ""},
		{"127.0.0.1", "", "127.0.0.1:7882", "127.0.0.1:7882", "127.0.0.1:7882"},
		{"127.0.0.1", "", "127.0.0.1:7883", "", ""},
		{"127.0.0.1", "", "127.0.0.2:7882", "", ""},
		{"192.168.0.5", "9.9.9.9", "9.9.9.9:7882", "192.168.0.5:7882", "9.9.9.9:7882"},
		{"192.168.0.5", "9.9.9.9", "9.9.9.9:22", "", ""},
		{"127.0.0.1 192.168.0.5", "9.9.9.9", "9.9.9.9:7882", "192.168.0.5:7882", "9.9.9.9:7882"},
		{"127.0.0.1", "9.9.9.9", "9.9.9.9:7882", "", ""},
		{"fd00::5", "2a00:9::9", "[2a00:9::9]:7882", "[fd00::5]:7882", "[2a00:9::9]:7882"},
		{"fd00::5", "9.9.9.9", "9.9.9.9:7882", "", ""},
		{"8.8.4.4", "8.8.4.4", "8.8.4.4:7882", "8.8.4.4:7882", "8.8.4.4:7882"},
		{"", "9.9.9.9", "9.9.9.9:7882", "", ""},
	} {
		p := newPeers(t, ca.media, ca.external)
		got, ok := p.to(netip.MustParseAddrPort(ca.to))
		if ok != (ca.goes != "") || ok && got.String() != ca.goes {
			t.Errorf("%+v: goes to %s, %v", ca, got, ok)
		}
		if permitted := p.permits(netip.MustParseAddrPort(ca.to).Addr()); ok && !permitted {
			t.Errorf("%+v: not permitted", ca)
		}
		if !ok {
			continue
		}
		if told, ok := p.from(got); !ok || told.String() != ca.back {
			t.Errorf("%+v: comes back from %s, %v", ca, told, ok)
		}
		if _, ok := p.from(netip.AddrPortFrom(got.Addr(), 22)); ok {
			t.Errorf("%+v: another port of the machine is heard", ca)
		}
	}
}

// An address that the machine gets later is its own.
func TestNewAddressesAreOwn(t *testing.T) {
	p := newPeers(t, "", "")
	a := netip.MustParseAddr("9.9.9.9")
	p.list = func() ([]net.Addr, error) {
		return []net.Addr{&net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(24, 32)}}, nil
	}
	now := p.own.Load().at
	if err := p.refresh(now.Add(fresh / 2)); err != nil || !p.permits(a) {
		t.Errorf("looked at too often: %v", err)
	}
	if err := p.refresh(now.Add(fresh)); err != nil || p.permits(a) {
		t.Errorf("not looked at again: %v", err)
	}
	p.list = func() ([]net.Addr, error) { return nil, errors.New("broken") }
	if err := p.refresh(now.Add(3 * fresh)); err == nil || p.permits(a) {
		t.Errorf("what cannot be looked at changes something, or is not said: %v", err)
	}
}

// Whatever form an address has, it leads to no IPv4 address that is refused itself, and
// what may be sent to may be permitted.
func FuzzPeers(f *testing.F) {
	for _, ca := range forbidden {
		f.Add(netip.MustParseAddr(ca.addr).AsSlice(), uint16(7882))
	}
	for _, text := range public {
		f.Add(netip.MustParseAddr(text).AsSlice(), uint16(443))
	}
	p := newPeers(f, "8.8.4.4", "9.9.9.9 2a00:9::9")
	f.Fuzz(func(t *testing.T, raw []byte, port uint16) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		to, ok := p.to(netip.AddrPortFrom(a, port))
		if !ok {
			return
		}
		actual := to.Addr()
		if !p.permits(a) {
			t.Errorf("%s is sent to, but not permitted", a)
		}
		if actual.IsLoopback() || actual.IsPrivate() || actual.IsUnspecified() || actual.IsMulticast() || actual.IsLinkLocalUnicast() || actual.Is4In6() {
			t.Errorf("%s leads to %s", a, actual)
		}
		if _, own := p.own.Load().all[actual]; own && to.String() != "8.8.4.4:7882" {
			t.Errorf("%s leads to %s of this machine", a, to)
		}
		b := a.As16()
		for at := 0; at+4 <= 16 && a.Is6() && !a.Is4In6(); at++ {
			if v4 := netip.AddrFrom4([4]byte(b[at : at+4])); v4.IsLoopback() && (nat64.Contains(a) && at == 12 || sixTo4.Contains(a) && at == 2) {
				t.Errorf("%s leads to %s", a, v4)
			}
		}
	})
}
