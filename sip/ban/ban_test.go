package ban

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/internal/logtest"
)

// shelf is a store in memory that may fail.
type shelf struct {
	kept map[netip.Prefix]Ban
	err  error
}

func (s *shelf) Put(_ context.Context, b Ban) error {
	if s.err == nil {
		s.kept[b.Network] = b
	}
	return s.err
}

func (s *shelf) Delete(_ context.Context, n netip.Prefix) error {
	delete(s.kept, n)
	return s.err
}

func (s *shelf) All(context.Context) (out []Ban, err error) {
	for _, b := range s.kept {
		out = append(out, b)
	}
	return out, s.err
}

var (
	a = netip.MustParseAddr("192.0.2.1")
	b = netip.MustParseAddr("192.0.2.2")
)

func newList(t *testing.T) (*List, *shelf, *logtest.Log) {
	t.Helper()
	log, s := &logtest.Log{}, &shelf{kept: make(map[netip.Prefix]Ban)}
	return New(Default(), s, slog.New(slog.NewTextHandler(log, nil))), s, log
}

func offends(l *List, source netip.Addr, o Offence, n int) {
	for range n {
		l.Offends(source, o)
	}
}

// stranger is one of many sources.
func stranger(n int) netip.Addr {
	var raw [4]byte
	binary.BigEndian.PutUint32(raw[:], uint32(n+1)) //nolint:gosec // a test's count
	return netip.AddrFrom4(raw)
}

// left is how long a source is banned from now on, to the second.
func left(l *List, source netip.Addr) time.Duration {
	for _, b := range l.All() {
		if b.Network.Contains(source) {
			return time.Until(b.Expires).Round(time.Second)
		}
	}
	return 0
}

func TestBansGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, kept, log := newList(t)
		offends(l, a, Failure, 19)
		if l.Banned(a, false) {
			t.Fatal("banned at 19")
		}
		want := 5 * time.Minute
		for n := 1; n <= 12; n++ {
			offends(l, a, Failure, 20)
			if got := left(l, a); got != want || !l.Banned(a, false) || l.Banned(b, false) {
				t.Fatalf("ban %d: %v, want %v", n, got, want)
			}
			if got := kept.kept[netip.PrefixFrom(a, 32)]; got.Times != n {
				t.Errorf("kept %+v", got)
			}
			time.Sleep(want)
			if l.Banned(a, false) || left(l, a) != 0 {
				t.Fatalf("ban %d does not end", n)
			}
			want = min(2*want, 24*time.Hour)
		}
		time.Sleep(25 * time.Hour)
		offends(l, a, Failure, 20)
		if got := left(l, a); got != 5*time.Minute {
			t.Errorf("after a good day: %v", got)
		}
		if n := strings.Count(log.String(), "source banned"); n != 13 || !strings.Contains(log.String(), "wrong passwords") {
			t.Errorf("%d lines:\n%s", n, log)
		}
	})
}

// A phone that tries an old password every minute is never banned.
func TestOneBadPhoneIsNotBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := newList(t)
		for range 24 * 60 {
			l.Offends(a, Failure)
			time.Sleep(61 * time.Second)
			if l.Banned(a, false) {
				t.Fatal("banned")
			}
		}
	})
}

// Who asks for names is banned; where it may be somebody else in their name, only for
// a minute, however often.
func TestScans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, kept, _ := newList(t)
		for range 5 {
			offends(l, a, Rumour, 100)
			if got := left(l, a); got != time.Minute {
				t.Errorf("forged: %v", got)
			}
			time.Sleep(time.Minute)
		}
		if len(kept.kept) > 0 {
			t.Error("kept")
		}
		for _, want := range []time.Duration{5 * time.Minute, 10 * time.Minute} {
			offends(l, a, Scan, 100)
			if got := left(l, a); got != want {
				t.Errorf("%v, want %v", got, want)
			}
			time.Sleep(want)
		}
	})
}

// What may be forged adds to nothing that is certain.
func TestRumoursAreCountedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := newList(t)
		offends(l, a, Rumour, 99)
		l.Offends(a, Scan)
		if l.Banned(a, false) {
			t.Errorf("banned: %+v", l.All())
		}
		offends(l, b, Scan, 99)
		l.Offends(b, Rumour)
		if l.Banned(b, false) {
			t.Errorf("banned: %+v", l.All())
		}
		l.Offends(a, Rumour)
		l.Offends(b, Scan)
		if left(l, a) != time.Minute || left(l, b) != 5*time.Minute {
			t.Errorf("%+v", l.All())
		}
		if err := l.Lift(t.Context(), a, "tests"); err != nil || l.Banned(a, false) {
			t.Errorf("not lifted: %v", err)
		}
		offends(l, a, Rumour, 99)
		l.Pardon(a)
		offends(l, a, Rumour, 99)
		if l.Banned(a, false) {
			t.Error("what was pardoned counts")
		}
	})
}

// A flood of forged sources neither frees a guesser nor makes him forgotten, and the log
// hears of it once.
// What somebody may have sent in a source's name keeps its connections out neither by itself
// nor by standing in the way of what the source does there.
func TestRumoursAreForUDPAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := newList(t)
		offends(l, a, Rumour, 100)
		if !l.Banned(a, false) || l.Banned(a, true) {
			t.Errorf("by rumours: %v over UDP, %v over connections", l.Banned(a, false), l.Banned(a, true))
		}
		offends(l, a, Scan, 99)
		if l.Banned(a, true) {
			t.Error("banned too early")
		}
		l.Offends(a, Scan)
		if !l.Banned(a, false) || !l.Banned(a, true) || l.Count() != 2 {
			t.Errorf("after what is certain: %+v", l.All())
		}
		offends(l, a, Rumour, 1000)
		if l.Count() != 2 {
			t.Errorf("after more rumours: %+v", l.All())
		}
		if err := l.Lift(t.Context(), a, "tests"); err != nil || l.Banned(a, false) || l.Banned(a, true) {
			t.Errorf("lifted: %v, %+v", err, l.All())
		}
		offends(l, b, Failure, 20)
		if !l.Banned(b, false) || !l.Banned(b, true) {
			t.Error("not banned everywhere for wrong passwords")
		}
	})
}

func TestFloodOfRumours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, cfg := &logtest.Log{}, Default()
		cfg.Scans, cfg.Tracked, cfg.Limit = 1, 100, 10
		l := New(cfg, nil, slog.New(slog.NewTextHandler(log, nil)))
		offends(l, a, Failure, 19)
		for n := range 1000 {
			l.Offends(stranger(n), Rumour)
		}
		l.Offends(a, Failure)
		if !l.Banned(a, false) || len(l.All()) != 6 {
			t.Errorf("%+v", l.All())
		}
		if n := len(l.rumours.young) + len(l.rumours.old); n > 100 {
			t.Errorf("%d counted", n)
		}
		if n := strings.Count(log.String(), "the list is full"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, log)
		}
		time.Sleep(time.Minute)
		for n := range 6 {
			l.Offends(stranger(1000+n), Rumour)
		}
		if !l.Banned(stranger(1000), false) || len(l.All()) != 6 {
			t.Errorf("what has run out keeps its place: %+v", l.All())
		}
		if !strings.Contains(log.String(), "sources=995") {
			t.Errorf("not all are counted:\n%s", log)
		}
	})
}

// Who is not banned for want of room is as soon as there is some, for as long as if it were
// the first time: no ban of its own stood.
func TestNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, cfg := &logtest.Log{}, Default()
		cfg.Limit = 1
		l := New(cfg, nil, slog.New(slog.NewTextHandler(log, nil)))
		offends(l, a, Failure, 20)
		time.Sleep(time.Minute)
		offends(l, b, Failure, 60)
		if l.Banned(b, false) || l.Count() != 1 {
			t.Fatalf("%+v", l.All())
		}
		time.Sleep(4 * time.Minute)
		if l.Count() != 0 || len(l.bans) != 1 {
			t.Errorf("%d bans stand, of %d", l.Count(), len(l.bans))
		}
		l.Offends(b, Failure)
		if got := left(l, b); got != cfg.First || l.Count() != 1 {
			t.Errorf("banned for %v, %d bans", got, l.Count())
		}
		if !strings.Contains(log.String(), "sources=1") {
			t.Errorf("%s", log)
		}
	})
}

func TestRestartAndLift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, kept, log := newList(t)
		six := netip.MustParseAddr("2001:db8::1")
		offends(l, a, Failure, 20)
		offends(l, b, Failure, 20)
		offends(l, six, Failure, 20)
		time.Sleep(time.Minute)
		l = New(Default(), kept, slog.New(slog.NewTextHandler(log, nil)))
		if err := l.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := left(l, a); got != 4*time.Minute || !l.Banned(netip.MustParseAddr("2001:db8::ffff"), false) {
			t.Errorf("after a restart: %v", got)
		}
		if err := l.Lift(t.Context(), a, "tests"); err != nil || l.Banned(a, false) || !l.Banned(b, false) || len(kept.kept) != 2 {
			t.Errorf("lifted: %v", err)
		}
		if err := l.Lift(t.Context(), a, "tests"); fault.Of(err) != fault.NotFound {
			t.Error(err)
		}
		if !strings.Contains(log.String(), "ban lifted") {
			t.Error(log)
		}
		time.Sleep(5 * time.Minute)
		offends(l, b, Failure, 20)
		if got := left(l, b); got != 10*time.Minute {
			t.Errorf("the second ban, after a restart: %v", got)
		}
		time.Sleep(time.Hour)
		l = New(Default(), kept, slog.New(slog.DiscardHandler))
		if err := l.Load(t.Context()); err != nil || len(l.All()) > 0 {
			t.Errorf("what has run out is loaded: %v, %v", l.All(), err)
		}
		kept.err = errors.New("no disk")
		if err := l.Load(t.Context()); err == nil {
			t.Error("no error")
		}
		offends(l, a, Failure, 20)
		if !l.Banned(a, false) {
			t.Error("not banned without a disk")
		}
	})
}

func TestPardonAndSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, _ := newList(t)
		offends(l, a, Failure, 19)
		l.Pardon(a)
		l.Pardon(b)
		offends(l, a, Failure, 19)
		if l.Banned(a, false) {
			t.Error("what was pardoned counts")
		}
		cfg := Default()
		cfg.Failures, cfg.Scans, cfg.Scan = 2, 0, 0
		l.Configure(cfg)
		offends(l, b, Failure, 2)
		offends(l, netip.MustParseAddr("192.0.2.3"), Scan, 1000)
		offends(l, netip.MustParseAddr("192.0.2.4"), Rumour, 1000)
		if len(l.All()) != 1 || !l.Banned(b, false) {
			t.Errorf("%+v", l.All())
		}
	})
}

// Neither table grows beyond its limit.
func TestListIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Failures, cfg.Tracked, cfg.Limit = 1, 100, 10
		l := New(cfg, nil, slog.New(slog.DiscardHandler))
		for round := range 2 {
			for n := range 500 {
				l.Offends(stranger(n), Failure)
			}
			if tracked := len(l.counts.young) + len(l.counts.old); len(l.bans) != 10 || tracked > 100 {
				t.Errorf("round %d: %d bans, %d counts", round, len(l.bans), tracked)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"failures": func(c *Config) { c.Failures = -1 }, "scans": func(c *Config) { c.Scans = -1 }, "window": func(c *Config) { c.Window = 0 },
		"first": func(c *Config) { c.First = 0 }, "most": func(c *Config) { c.Most = time.Second }, "scan": func(c *Config) { c.Scan = -1 },
		"tracked": func(c *Config) { c.Tracked = 0 }, "limit": func(c *Config) { c.Limit = 0 },
	} {
		c := Default()
		change(&c)
		if fault.Of(c.Validate()) != fault.Invalid {
			t.Errorf("%s is sound", name)
		}
	}
}

func BenchmarkBanned(b *testing.B) {
	l := New(Default(), nil, slog.New(slog.DiscardHandler))
	offends(l, a, Failure, 20)
	b.ReportAllocs()
	for b.Loop() {
		l.Banned(a, false)
	}
}

// BenchmarkFlood is a request of a source that was never seen, with both tables full.
func BenchmarkFlood(b *testing.B) {
	cfg := Default()
	cfg.Scans = 1
	l := New(cfg, nil, slog.New(slog.DiscardHandler))
	n := 0
	for ; n < 2*cfg.Tracked; n++ {
		l.Offends(stranger(n), Rumour)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Offends(stranger(n), Rumour)
		n++
	}
}
