package route

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestFrom(t *testing.T) {
	var table Table
	for remote, want := range map[string]string{
		"127.0.0.1": "127.0.0.1", "127.0.0.9": "127.0.0.1", "::ffff:127.0.0.1": "127.0.0.1", "::1": "::1",
	} {
		for range 2 {
			got, err := table.From(netip.MustParseAddr(remote))
			if fault.Of(err) == fault.Unreachable && want == "::1" {
				t.Logf("no IPv6 here: %v", err)
				continue
			}
			if err != nil || got.String() != want {
				t.Errorf("to %s from %v, %v; want %s", remote, got, err, want)
			}
		}
	}
	if _, err := table.From(netip.Addr{}); fault.Of(err) != fault.Unreachable {
		t.Errorf("to nowhere: %v", err)
	}
}

// What was found out is forgotten again, by and by and when it is too much.
func TestForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		look := func(remote netip.Addr) {
			t.Helper()
			if _, err := table.From(remote); err != nil {
				t.Fatal(err)
			}
		}
		remote := netip.MustParseAddr("127.0.0.1")
		look(remote)
		elsewhere := netip.MustParseAddr("192.0.2.1")
		table.known[remote] = elsewhere
		if got, _ := table.From(remote); got != elsewhere {
			t.Errorf("asked again at once: %v", got)
		}
		time.Sleep(fresh + time.Millisecond)
		if got, _ := table.From(remote); got != remote {
			t.Errorf("not asked again: %v", got)
		}
		for range 2 * most {
			look(remote)
			remote = remote.Next()
		}
		if n := len(table.known); n > most {
			t.Errorf("%d are known", n)
		}
	})
}

func BenchmarkFrom(b *testing.B) {
	var table Table
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.From(netip.MustParseAddr("127.0.0.1")); err != nil {
			b.Fatal(err)
		}
	}
}
