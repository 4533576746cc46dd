package turn

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pion/stun/v4"
)

// Behind a translator of addresses the media are reached by the external address, and
// answer from it.
func TestTheExternalAddress(t *testing.T) {
	lan := hostAddress(t)
	media := newPeer(t, netip.AddrPortFrom(lan, 0).String())
	s := serve(t, func(c *Config) {
		c.Listen, c.Media = netip.AddrPortFrom(lan, 0).String(), media.at
	})
	s.SetExternalIP(netip.MustParseAddr("9.9.9.9"))
	u := dial(t, s, "udp", "alice")
	at := u.allocated()
	if at.Addr() != netip.MustParseAddr("9.9.9.9") {
		t.Errorf("a relay at %s", at)
	}
	known := netip.AddrPortFrom(at.Addr(), media.at.Port())
	if code := u.permission(known); code != 0 {
		t.Fatalf("permission: %d", code)
	}
	u.indicate(known, "outside in")
	from := media.hears(t, "outside in")
	if _, err := media.WriteToUDPAddrPort([]byte("back"), from); err != nil {
		t.Fatal(err)
	}
	m, err := u.read()
	if err != nil {
		t.Fatal(err)
	}
	var sender stun.XORMappedAddress
	if err := sender.GetFromAs(m, stun.AttrXORPeerAddress); err != nil || sender.String() != known.String() {
		t.Errorf("an answer from %s: %v", sender, err)
	}
	for _, e := range s.ICEServers("alice") {
		for _, url := range e.URLs {
			if !strings.Contains(url, ":9.9.9.9:") {
				t.Errorf("clients are given %s", url)
			}
		}
	}
}

// hostAddress is an address of this machine that is not loopback.
func hostAddress(t *testing.T) netip.Addr {
	t.Helper()
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			ip, _ := netip.AddrFromSlice(n.IP.To4())
			return ip
		}
	}
	t.Skip("this machine has no address besides loopback")
	return netip.Addr{}
}

func TestIPv6(t *testing.T) {
	if !slices.ContainsFunc(must(net.InterfaceAddrs()), func(a net.Addr) bool { return a.String() == "::1/128" }) {
		t.Skip("no IPv6 on this machine")
	}
	s := serve(t, func(c *Config) {
		c.Listen, c.AllowPeers = "[::1]:0", []netip.Prefix{netip.MustParsePrefix("::1/128")}
	})
	u := dial(t, s, "udp", "alice")
	at := u.allocated(family(true))
	p := newPeer(t, "[::1]:0")
	if code := u.bind(0x4001, p.at); code != 0 || at.Addr() != netip.IPv6Loopback() {
		t.Fatalf("at %s: %d", at, code)
	}
	if _, err := u.conn.Write([]byte("\x40\x01\x00\x03six")); err != nil {
		t.Fatal(err)
	}
	p.hears(t, "six")
	if code, _ := dial(t, s, "udp", "alice").allocate(family(false)); code != stun.CodeInsufficientCapacity {
		t.Errorf("IPv4 where there is none: %d", code)
	}
	if got := s.ICEServers("alice")[0].URLs[0]; got != "stun:"+s.Addr().String() {
		t.Errorf("clients are given %s", got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPortsInUse(t *testing.T) {
	s := serve(t, nil)
	c := s.config
	c.Listen = s.Addr().String()
	if _, err := New(c); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), c.Listen) {
		t.Errorf("a second one: %v", err)
	}
	for what, set := range map[string]func(*Config){
		"secret":         func(c *Config) { c.Secret = c.Secret[:15] },
		"relay ports":    func(c *Config) { c.LastPort = 1024 },
		"nowhere":        func(c *Config) { c.Listen = "" },
		"certificate":    func(c *Config) { c.TLSListen = "127.0.0.1:0" },
		"no IP address":  func(c *Config) { c.Listen = "example.org:1" },
		"per user":       func(c *Config) { c.PerUser = 0 },
		"bit rate of -1": func(c *Config) { c.Bitrate = -1 },
	} {
		c := s.config
		c.Listen = "127.0.0.1:0"
		set(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Every address of the machine has sockets, and relays lead outside.
func TestEveryAddress(t *testing.T) {
	lan := hostAddress(t)
	s := serve(t, func(c *Config) { c.Listen = ":0" })
	if at := s.Addr(); at.Addr() != netip.IPv6Unspecified() || at.Port() != s.port || s.TLSAddr().IsValid() {
		t.Errorf("it is at %s and %s", at, s.TLSAddr())
	}
	for _, a := range []netip.Addr{lan, netip.MustParseAddr("127.0.0.1")} {
		conn, err := net.Dial("udp", netip.AddrPortFrom(a, s.port).String())
		if err != nil {
			t.Fatal(err)
		}
		u := use(t, s, conn, "alice")
		if at := u.allocated(); at.Addr().IsLoopback() {
			t.Errorf("who comes to %s has a relay at %s", a, at)
		}
	}
	if got := s.ICEServers("a:b")[1]; !strings.HasSuffix(got.Username, ":a:b") || got.Credential == "" || len(got.URLs) != 2 || strings.Contains(got.URLs[0], "127.0.0.1") {
		t.Errorf("clients are given %+v", got)
	}
	s.config.Host = "turn.example.org"
	if got := s.ICEServers("alice")[0].URLs[0]; !strings.HasPrefix(got, "stun:turn.example.org:") {
		t.Errorf("clients are given %s", got)
	}
}

// An address that cannot be listened on keeps the service from none of the others, unless
// it is the one that is asked for.
func TestAnAddressThatIsNotThere(t *testing.T) {
	loopback, nowhere := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("203.0.113.254")
	for _, ca := range []struct {
		at   string
		all  []netip.Addr
		want int
	}{
		{"[::]:0", []netip.Addr{nowhere, loopback}, 1},
		{"[::]:0", []netip.Addr{loopback, nowhere}, 1},
		{"[::]:0", []netip.Addr{nowhere, nowhere}, 0},
		{"203.0.113.254:0", []netip.Addr{nowhere}, 0},
	} {
		opened, err := openEach(ca.all, netip.MustParseAddrPort(ca.at), true, slog.New(slog.DiscardHandler))
		if len(opened) != ca.want || (err != nil) != (ca.want == 0) || err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("%+v: %d, %v", ca, len(opened), err)
		}
		for _, o := range opened {
			if err := o.close(); err != nil {
				t.Error(err)
			}
		}
	}
}
