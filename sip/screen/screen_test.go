package screen

import (
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/sip/transport"
)

var (
	stranger = netip.MustParseAddr("198.51.100.7")
	owner    = netip.MustParseAddr("198.51.100.8")
	provider = netip.MustParseAddr("192.0.2.9")
	here     = netip.MustParseAddr("127.0.0.1")
)

func newScreen(change func(*Config)) *Screen {
	cfg := Default()
	cfg.PerSecond, cfg.Burst = 10, 20
	if change != nil {
		change(&cfg)
	}
	return New(cfg, nil, slog.New(slog.DiscardHandler))
}

// passed is how many of n messages of a source are read at once.
func passed(s *Screen, source netip.Addr, n int) (ok int) {
	for range n {
		if s.Message(source, false) == 0 {
			ok++
		}
	}
	return ok
}

func TestWhoMaySendHowMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(nil)
		s.Trust([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("0.0.0.0/0")})
		s.Proven(owner)
		expected := netip.MustParseAddr("203.0.113.1")
		s.Expect(expected)
		for source, want := range map[netip.Addr]int{stranger: 20, owner: 200, provider: 200, expected: 200, here: 1000} {
			if got := passed(s, source, 1000); got != want {
				t.Errorf("%s: %d, want %d", source, got, want)
			}
		}
		if got := s.Stats(); got.Limited != 980+3*800 || got.Banned != 0 {
			t.Errorf("%+v", got)
		}
		time.Sleep(24 * time.Hour)
		for source, want := range map[netip.Addr]int{owner: 20, provider: 200} {
			if got := passed(s, source, 1000); got != want {
				t.Errorf("%s a day later: %d, want %d", source, got, want)
			}
		}
		cfg := Default()
		cfg.PerSecond, cfg.Exempt = 0, nil
		s.Configure(cfg)
		if got := passed(s, stranger, 5000); got != 5000 {
			t.Errorf("without a rate: %d", got)
		}
	})
}

// An office of 200 phones that start together: each registers twice over, subscribes
// twice and asks for something.
func TestAnOfficeStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Default(), nil, slog.New(slog.DiscardHandler))
		for range 200 {
			if got := passed(s, owner, 7); got != 7 {
				t.Fatalf("%d of 7", got)
			}
			s.Proven(owner)
		}
		if n := passed(s, owner, 20000); n < 15000 {
			t.Errorf("then %d", n)
		}
	})
}

// A forger keeps a stranger's datagrams out for a moment, and no connections.
func TestForgerKeepsNoConnectionOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(nil)
		for range 1000 {
			s.Strange(stranger, false)
		}
		if s.Message(stranger, false) != transport.Never {
			t.Error("datagrams are read")
		}
		if !s.Connection(stranger) || s.Message(stranger, true) != 0 {
			t.Error("connections are kept out")
		}
		if got := s.Stats(); got.Banned != 1 || got.Bans != 1 {
			t.Errorf("%+v", got)
		}
		for range 100 {
			s.Strange(stranger, true)
		}
		if s.Connection(stranger) || s.Message(stranger, true) != transport.Never {
			t.Error("who scans over connections has them")
		}
	})
}

func TestWhoIsBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(nil)
		s.Trust([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
		s.Proven(owner)
		for range 1000 {
			for _, source := range []netip.Addr{stranger, owner, provider, here} {
				s.Failed(source)
				s.Strange(source, true)
				s.Strange(source, false)
			}
		}
		for source, want := range map[netip.Addr]bool{stranger: true, owner: false, provider: false, here: false} {
			if got := s.Message(source, false) == transport.Never; got != want || s.Connection(source) == want {
				t.Errorf("%s is banned: %v", source, got)
			}
		}
		for source, want := range map[netip.Addr]bool{stranger: false, owner: true, provider: true, here: true} {
			if s.Knows(source) != want {
				t.Errorf("%s is known: %v", source, !want)
			}
		}
		if got := s.Stats(); got.Bans != 1 || got.Banned != 2 {
			t.Errorf("%+v, %+v", got, s.Bans())
		}
		// Who becomes a trunk, or exempt, is heard although banned.
		s.Trust([]netip.Prefix{netip.PrefixFrom(stranger, 32)})
		if s.Message(stranger, false) != 0 || !s.Connection(stranger) {
			t.Error("a trunk is banned")
		}
		s.Trust(nil)
		cfg := Default()
		cfg.Exempt = []netip.Prefix{netip.PrefixFrom(stranger, 32)}
		s.Configure(cfg)
		if s.Message(stranger, false) != 0 || !s.Connection(stranger) {
			t.Error("an exempt source is banned")
		}
		s.Configure(Default())
		if err := s.Unban(t.Context(), stranger, "tests"); err != nil || s.Message(stranger, false) != 0 {
			t.Errorf("after unban: %v", err)
		}
		if err := s.Unban(t.Context(), stranger, "tests"); fault.Of(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"rate": func(c *Config) { c.PerSecond = -1 }, "burst": func(c *Config) { c.Burst = 0 }, "known": func(c *Config) { c.Known = 0 },
		"ban": func(c *Config) { c.Ban.Window = 0 },
	} {
		c := Default()
		change(&c)
		if fault.Of(c.Validate()) != fault.Invalid {
			t.Errorf("%s is sound", name)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := newScreen(nil)
	for range 100 {
		s.Failed(stranger)
	}
	s.Trust([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/48")})
	six := netip.MustParseAddr("2001:db8:1::1")
	if allocs := testing.AllocsPerRun(1000, func() {
		for _, source := range []netip.Addr{stranger, owner, provider, here, six} {
			s.Message(source, false)
			s.Connection(source)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkMessage(b *testing.B) {
	s := New(Default(), nil, slog.New(slog.DiscardHandler))
	s.Trust([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	for range 100 {
		s.Failed(stranger)
	}
	for name, source := range map[string]netip.Addr{"banned": stranger, "known": provider, "over its rate": owner} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Message(source, false)
			}
		})
	}
}
