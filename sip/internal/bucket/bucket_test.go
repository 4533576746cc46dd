package bucket

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	strange = Rate{PerSecond: 10, Burst: 20}
	known   = Rate{PerSecond: 100, Burst: 50}
	a       = netip.MustParseAddr("192.0.2.1")
	b       = netip.MustParseAddr("192.0.2.2")
)

// passed is how many of n messages pass.
func passed(t *Table, source netip.Addr, n int) (ok int) {
	for range n {
		if t.Take(source, strange, known) == 0 {
			ok++
		}
	}
	return ok
}

func TestBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := New(100)
		if got := passed(table, a, 100); got != 20 {
			t.Errorf("%d at once", got)
		}
		if got := passed(table, b, 100); got != 20 {
			t.Errorf("%d of another", got)
		}
		wait := table.Take(a, strange, known)
		if wait <= 0 || wait > 100*time.Millisecond {
			t.Errorf("%v until the next", wait)
		}
		time.Sleep(wait)
		if got := passed(table, a, 100); got != 1 {
			t.Errorf("%d after the wait", got)
		}
		time.Sleep(time.Second)
		if got := passed(table, a, 100); got != 10 {
			t.Errorf("%d after a second", got)
		}
		time.Sleep(time.Hour)
		if got := passed(table, a, 100); got != 20 {
			t.Errorf("%d after an hour", got)
		}

		table.Know(a, known, time.Minute)
		if got := passed(table, a, 100); got != 50 || !table.Knows(a) || table.Knows(b) {
			t.Errorf("%d once known", got)
		}
		time.Sleep(100 * time.Millisecond)
		if got := passed(table, a, 100); got != 10 {
			t.Errorf("%d known, in a tenth of a second", got)
		}
		time.Sleep(time.Minute)
		if got := passed(table, a, 100); got != 20 || table.Knows(a) {
			t.Errorf("%d when that is forgotten", got)
		}
	})
}

// A source is an IPv4 address, in whatever notation, or an IPv6 /64.
func TestWhoIsOne(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"::192.0.2.1", "192.0.2.1", false},
		{"::1", "::2", true},
	} {
		synctest.Test(t, func(t *testing.T) {
			table := New(1000)
			passed(table, netip.MustParseAddr(tc.a), 20)
			if got := passed(table, netip.MustParseAddr(tc.b), 1) == 0; got != tc.same {
				t.Errorf("%s and %s are the same: %v", tc.a, tc.b, got)
			}
		})
	}
	if wait := New(1).Take(netip.Addr{}, strange, known); wait != 0 { // no address is one source
		t.Error(wait)
	}
}

// number is the n-th address of many.
func number(n int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(n)) //nolint:gosec // a test's count
	return netip.AddrFrom4(b)
}

// More sources than there is room for take the place of one another, not of who is
// known.
func TestAFloodOfSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := New(64)
		passed(table, a, 20)
		table.Know(b, known, time.Hour)
		passed(table, b, 50)
		for n := range 10000 {
			time.Sleep(time.Microsecond)
			if passed(table, number(n), 1) != 1 {
				t.Fatalf("source %d has no token", n)
			}
		}
		if !table.Knows(b) {
			t.Error("who was known has lost its place")
		}
		if got := passed(table, a, 100); got != 20 {
			t.Errorf("%d of one that was forgotten", got)
		}
		// All of a place are known: the oldest goes.
		for n := range 1000 {
			time.Sleep(time.Microsecond)
			table.Know(number(n), known, time.Hour)
		}
		if !table.Knows(number(999)) {
			t.Error("there is no place for one more")
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	table, n := New(1024), 0
	if allocs := testing.AllocsPerRun(5000, func() {
		n++
		table.Take(number(n), strange, known)
		table.Know(number(n), known, time.Second)
		table.Knows(a)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkTake(b *testing.B) {
	for name, sources := range map[string]int{"one source": 1, "many sources": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			table, n := New(1<<15), 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				table.Take(number(n%sources), strange, known)
			}
		})
	}
}
