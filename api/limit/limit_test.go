package limit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// clock is a test's own.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newLimiter(c Config) (*Limiter, *clock) {
	k := &clock{time.Unix(1_800_000_000, 0)}
	return New(c, k.now), k
}

// A burst may be sent at once, and then as many as the rate says.
func TestBuckets(t *testing.T) {
	l, k := newLimiter(Config{User: Rate{PerMinute: 60, Burst: 3}})
	for i, want := range []State{
		{OK: true, Remaining: 2, Reset: time.Second},
		{OK: true, Remaining: 1, Reset: 2 * time.Second},
		{OK: true, Remaining: 0, Reset: 3 * time.Second},
		{Reset: 3 * time.Second, Wait: time.Second},
		{Reset: 3 * time.Second, Wait: time.Second}, // what is refused costs nothing
	} {
		if got := l.Take(OfUser, "alice"); got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	if s := l.Take(OfUser, "bob"); !s.OK {
		t.Errorf("another user: %+v", s)
	}
	k.at = k.at.Add(999 * time.Millisecond)
	if s := l.Take(OfUser, "alice"); s.OK || s.Wait != time.Millisecond {
		t.Errorf("too early: %+v", s)
	}
	k.at = k.at.Add(time.Millisecond)
	if s := l.Take(OfUser, "alice"); !s.OK || s.Remaining != 0 {
		t.Errorf("after a second: %+v", s)
	}
	k.at = k.at.Add(time.Hour)
	if s := l.Take(OfUser, "alice"); s.Remaining != 2 {
		t.Errorf("after a pause: %+v", s)
	}
	if l.Refused(OfUser) != 3 || l.Refused(OfKey) != 0 {
		t.Errorf("refused %d", l.Refused(OfUser))
	}
}

// A reload changes the rate of those who are counted already.
func TestConfigure(t *testing.T) {
	l, _ := newLimiter(Config{User: Rate{PerMinute: 1, Burst: 100}})
	for range 100 {
		l.Take(OfUser, "alice")
	}
	if l.Take(OfUser, "alice").OK {
		t.Fatal("more than the burst")
	}
	l.Configure(Config{User: Rate{PerMinute: 60, Burst: 2}})
	if s := l.Take(OfUser, "alice"); s.OK || s.Wait != time.Second {
		t.Errorf("with the new rate: %+v", s)
	}
	l.Configure(Config{})
	for range 1000 {
		if s := l.Take(OfUser, "alice"); !s.OK {
			t.Fatalf("without a limit: %+v", s)
		}
	}
}

// An IPv6 /64 is one source, an IPv4 address too, in whatever form it is written.
func TestSources(t *testing.T) {
	l, _ := newLimiter(Config{Address: Rate{PerMinute: 1, Burst: 1}})
	for _, c := range []struct {
		address string
		ok      bool
	}{
		{"192.0.2.1", true},
		{"::ffff:192.0.2.1", false},
		{"192.0.2.2", true},
		{"2001:db8:1:2::1", true},
		{"2001:db8:1:2:ffff::9", false},
		{"2001:db8:1:3::1", true},
		{"fe80::1%eth0", true},
		{"fe80::2", false},
	} {
		if s := l.TakeAddress(netip.MustParseAddr(c.address)); s.OK != c.ok {
			t.Errorf("%s: %+v", c.address, s)
		}
	}
}

// Failures alone use up what an address may fail.
func TestFailures(t *testing.T) {
	l, k := newLimiter(Config{Failures: Rate{PerMinute: 6, Burst: 2}})
	a := netip.MustParseAddr("192.0.2.1")
	for range 10 {
		if !l.MayFail(a).OK {
			t.Fatal("refused, and nothing has failed")
		}
	}
	l.Failed(a)
	l.Failed(a)
	s := l.MayFail(a)
	if s.OK || s.Wait != 10*time.Second {
		t.Errorf("after two: %+v", s)
	}
	if l.MayFail(netip.MustParseAddr("192.0.2.2")).OK != true {
		t.Error("another address pays for it")
	}
	k.at = k.at.Add(s.Wait)
	if !l.MayFail(a).OK {
		t.Error("for ever")
	}
}

// However many there are, the memory is bounded, and who is over the limit stays so for as long as
// there are others that use less.
func TestMemoryIsBounded(t *testing.T) {
	l, _ := newLimiter(Config{Address: Rate{PerMinute: 600, Burst: 100}})
	bad := netip.MustParseAddr("192.0.2.1")
	for range 101 {
		l.TakeAddress(bad)
	}
	var b [16]byte
	b[0] = 0x20
	for i := range uint64(3 * Buckets) {
		binary.BigEndian.PutUint64(b[:8], 0x2001_0db8_0000_0000+i)
		if s := l.TakeAddress(netip.AddrFrom16(b)); !s.OK {
			t.Fatalf("source %d: %+v", i, s)
		}
	}
	if n := l.Counted(OfAddress); n > Buckets {
		t.Errorf("%d buckets", n)
	}
	if l.TakeAddress(bad).OK {
		t.Error("one that is over the limit was forgotten for others that are not")
	}
}

func TestRefusal(t *testing.T) {
	err := refusal(OfKey, State{Wait: 1500 * time.Millisecond})
	var e *ExceededError
	if fault.Of(err) != fault.TooMany || fault.CodeOf(err) != "rate_limited" || !errors.As(err, &e) || e.RetryAfter() != 2 {
		t.Errorf("%v", err)
	}
	b := appendPolicy(nil, OfAddress, Rate{PerMinute: 90, Burst: 100})
	b = appendPolicy(b, OfUser, Rate{PerMinute: 6000, Burst: 1})
	if want := `"address";q=100;w=67, "user";q=1;w=1`; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
	b = appendState(nil, OfAddress, State{Remaining: 7, Reset: 1})
	if want := `"address";r=7;t=1`; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

func BenchmarkTake(b *testing.B) {
	l := New(Config{User: Rate{PerMinute: 6000, Burst: 100}, Address: Rate{PerMinute: 6000, Burst: 100}}, time.Now)
	users := make([]string, 1024)
	for i := range users {
		users[i] = fmt.Sprintf("user%d", i)
	}
	a := netip.MustParseAddr("2001:db8::1")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l.Take(OfUser, users[i%len(users)])
		l.TakeAddress(a)
	}
}

func TestTakeAllocatesNothing(t *testing.T) {
	l := New(Config{User: Rate{PerMinute: 6000, Burst: 100}, Address: Rate{PerMinute: 6000, Burst: 100}}, time.Now)
	a := netip.MustParseAddr("2001:db8::1")
	if n := testing.AllocsPerRun(1000, func() {
		l.Take(OfUser, "alice")
		l.TakeAddress(a)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
