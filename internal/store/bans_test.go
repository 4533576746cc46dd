package store

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestBans(t *testing.T) {
	everywhere(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		four := Ban{
			Network: netip.MustParsePrefix("192.0.2.1/32"), Since: noon, Expires: noon.Add(time.Hour), Times: 1, Reason: "wrong passwords",
		}
		six := Ban{Network: netip.MustParsePrefix("2001:db8::/64"), Since: noon, Expires: noon.Add(time.Minute), Times: 3}
		ok(t, s.Bans.Put(ctx, four))
		ok(t, s.Bans.Put(ctx, six))
		show := func() string {
			t.Helper()
			all, err := s.Bans.All(ctx)
			ok(t, err)
			return fmt.Sprint(all)
		}
		if got, want := show(), fmt.Sprint([]Ban{four, six}); got != want {
			t.Errorf("kept %s, want %s", got, want)
		}
		four.Since, four.Expires, four.Times = noon.Add(time.Minute), noon.Add(2*time.Hour), 2
		ok(t, s.Bans.Put(ctx, four)) // the other has run out by then
		if got, want := show(), fmt.Sprint([]Ban{four}); got != want {
			t.Errorf("kept %s, want %s", got, want)
		}
		ok(t, s.Bans.Delete(ctx, four.Network))
		ok(t, s.Bans.Delete(ctx, four.Network))
		if got := show(); got != "[]" {
			t.Errorf("kept %s", got)
		}
	})
}
