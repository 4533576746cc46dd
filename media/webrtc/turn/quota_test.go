package turn

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// Users whose names are odd have relays like others, and each a quota of his own.
func TestOddUsers(t *testing.T) {
	s := serve(t, func(c *Config) { c.PerUser = 1 })
	for _, name := range odd {
		dial(t, s, "udp", name).allocated()
	}
	for _, name := range odd {
		if code, _ := dial(t, s, "udp", name).allocate(); code != stun.CodeAllocQuotaReached {
			t.Errorf("%q: a second one: %d", name, code)
		}
	}
}

func TestQuotas(t *testing.T) {
	for _, ca := range []struct {
		name string
		set  func(*Config)
		user func(i int) string
		want stun.ErrorCode
	}{
		{"user", func(c *Config) { c.PerUser = 3 }, func(int) string { return "alice" }, stun.CodeAllocQuotaReached},
		{"address", func(c *Config) { c.PerAddress = 3 }, func(i int) string { return string(rune('a' + i)) }, stun.CodeAllocQuotaReached},
		{"all", func(c *Config) { c.Total = 3 }, func(i int) string { return string(rune('a' + i)) }, stun.CodeInsufficientCapacity},
		{"ports", func(c *Config) { c.FirstPort, c.LastPort = portsFree(t, 3) }, func(i int) string { return string(rune('a' + i)) }, stun.CodeInsufficientCapacity},
	} {
		t.Run(ca.name, func(t *testing.T) {
			s := serve(t, ca.set)
			var first *user
			for i := range 3 {
				u := dial(t, s, []string{"udp", "tcp"}[i%2], ca.user(i))
				u.allocated()
				if i == 0 {
					first = u
				}
			}
			last := dial(t, s, "udp", ca.user(4))
			for range 3 {
				if code, _ := last.allocate(); code != ca.want {
					t.Errorf("one too many: %d, want %d", code, ca.want)
				}
			}
			if code, _ := first.ask(stun.MethodRefresh, raw{stun.AttrLifetime, []byte{0, 0, 0, 0}}); code != 0 {
				t.Fatalf("one given back: %d", code)
			}
			last.allocated()
			if n := s.Stats(); n.Allocations != 3 || n.RefusedQuota+n.RefusedCapacity != 3 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// portsFree are n ports in a row that nobody has.
func portsFree(t *testing.T, n int) (first, last uint16) {
	t.Helper()
	for p := 61000; p < 65000; p += n {
		free := true
		for i := range n {
			c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p + i})
			if free = free && err == nil; err == nil {
				_ = c.Close()
			}
		}
		if free {
			return uint16(p), uint16(p + n - 1)
		}
	}
	t.Fatal("no free ports")
	return 0, 0
}

// A user's relays share a bit rate.
func TestABitRate(t *testing.T) {
	now := time.Now()
	s := serve(t, func(c *Config) {
		c.AllowPeers = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Bitrate = 8 * 10 * (1000 + overhead) // ten packets
		c.Now = func() time.Time { return now }
	})
	p := newPeer(t, "127.0.0.1:0")
	send := func(name string, n int) {
		u := dial(t, s, "udp", name)
		u.allocated()
		if code := u.permission(p.at); code != 0 {
			t.Fatal(code)
		}
		for range n {
			u.indicate(p.at, strings.Repeat("x", 1000))
		}
		u.ask(stun.MethodBinding)
	}
	send("alice", 8)
	send("alice", 8)
	if n := s.Stats(); n.SentPackets != 10 || n.DroppedBitrate != 6 {
		t.Errorf("one user: %+v", n)
	}
	send("bob", 8)
	if n := s.Stats(); n.SentPackets != 18 || n.DroppedBitrate != 6 {
		t.Errorf("another user: %+v", n)
	}
}

// What a client may hold within an allocation has an end.
func TestPermissionsAreBounded(t *testing.T) {
	s := serve(t, nil)
	u := dial(t, s, "udp", "alice")
	u.allocated()
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, 9, byte(i >> 8), byte(i)}), 9)
	}
	for i := range mostPeers + 1 {
		want := stun.ErrorCode(0)
		if i == mostPeers {
			want = stun.CodeForbidden
		}
		if code := u.permission(at(i)); code != want {
			t.Fatalf("permission %d: %d", i, code)
		}
	}
	if code := u.permission(at(0)); code != 0 {
		t.Errorf("one that stands: %d", code)
	}
	u = dial(t, s, "udp", "alice")
	u.allocated()
	for i := range mostChannels + 1 {
		want := stun.ErrorCode(0)
		if i == mostChannels {
			want = stun.CodeForbidden
		}
		if code := u.bind(0x4000+uint16(i), netip.AddrPortFrom(at(0).Addr(), uint16(i)+1)); code != want {
			t.Fatalf("channel %d: %d", i, code)
		}
	}
}

// Who asks for a pair of ports, as RTP and RTCP had, has one, within the range and often
// enough.
func TestPairsOfPorts(t *testing.T) {
	now := time.Now()
	s := serve(t, func(c *Config) { c.Strangers, c.Now = 1000, func() time.Time { return now } })
	u := dial(t, s, "udp", "alice")
	u.challenged()
	code, m := u.ask(stun.MethodAllocate, overUDP, raw{stun.AttrEvenPort, []byte{0x80}})
	var at stun.XORMappedAddress
	if code != 0 || at.GetFromAs(m, stun.AttrXORRelayedAddress) != nil || at.Port%2 != 0 {
		t.Fatalf("an even port: %d, %s", code, at)
	}
	token, err := m.Get(stun.AttrReservationToken)
	if err != nil {
		t.Fatal(err)
	}
	second := dial(t, s, "udp", "alice").allocated(raw{stun.AttrReservationToken, token})
	if int(second.Port()) != at.Port+1 {
		t.Errorf("beside %d there is %d", at.Port, second.Port())
	}
	if code, _ := dial(t, s, "udp", "alice").allocate(raw{stun.AttrReservationToken, token}); code != stun.CodeInsufficientCapacity {
		t.Errorf("a port twice: %d", code)
	}
	if n := s.Stats(); n.Allocations != 2 {
		t.Errorf("%+v", n)
	}
	refused := 0
	for range evenPorts * 2 {
		v := dial(t, s, "udp", "bob")
		v.realm, v.nonce = u.realm, u.nonce
		if code, _ := v.allocate(raw{stun.AttrEvenPort, []byte{0}}); code == stun.CodeInsufficientCapacity {
			refused++
		} else if code == 0 {
			v.ask(stun.MethodRefresh, raw{stun.AttrLifetime, []byte{0, 0, 0, 0}})
		}
	}
	if refused < evenPorts {
		t.Errorf("%d of %d refused", refused, 2*evenPorts)
	}
}
