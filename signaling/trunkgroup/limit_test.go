package trunkgroup

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, _ := table(t, func(c *Config) { c.Trunks[0].MaxCalls, c.Trunks[1].PerSecond = 2, 2 })
		begin := func(want string) *Call {
			t.Helper()
			c := tab.Outgoing("all")
			try, err := c.Next()
			if got := try.Trunk; got != want {
				t.Fatalf("went to %q (%v), want %q", got, err, want)
			}
			return c
		}
		first := begin("a")
		release, err := tab.Incoming("a", "") // both ways count
		if err != nil {
			t.Fatal(err)
		}
		second, third := begin("b"), begin("b")
		begin("c").End()
		if _, err := tab.Incoming("a", ""); fault.Of(err) != fault.TooMany {
			t.Errorf("a third call at a: %v", err)
		}
		if c := tab.Outgoing("b"); c == nil {
			t.Fatal("b is gone")
		} else if _, err := c.Next(); fault.Of(err) != fault.TooMany {
			t.Errorf("a third call in a second at b: %v", err)
		}
		release()
		release() // once
		begin("a").End()
		time.Sleep(500 * time.Millisecond)
		if s := tab.State(); s[0].In != 0 || s[0].Out != 1 || s[0].Refused < 2 || s[1].Out != 2 || s[0].LastError == "" {
			t.Errorf("state %+v", s)
		}
		for _, c := range []*Call{first, second, third} {
			c.End()
			c.End()
			if _, err := c.Next(); err == nil {
				t.Error("a call that has ended goes on")
			}
		}
		if release, err := tab.Incoming("a phone", ""); err != nil {
			t.Error(err)
		} else {
			release()
		}
		for _, s := range tab.State() {
			if s.In != 0 || s.Out != 0 {
				t.Errorf("%s keeps a call", s.Name)
			}
		}
	})
}

// A trunk's other address is no new call of that second.
func TestTokensAcrossAddresses(t *testing.T) {
	tab, s := table(t, func(c *Config) { c.Trunks[0].PerSecond, c.Trunks[0].MaxCalls = 1, 1 })
	s.ways["a"] = []string{"a1", "a2"}
	if got, err := route(t, tab, "a", map[string]Outcome{"a1": silent}); got != "a1 a2" || err != nil {
		t.Errorf("went %q, %v", got, err)
	}
}

// How long a trunk may be silent: all but the last a moment only.
func TestPatience(t *testing.T) {
	tab, s := table(t, nil)
	s.ways["a"] = []string{"a1", "a2"}
	for to, want := range map[string][]time.Duration{
		"all": {1500 * time.Millisecond, 1500 * time.Millisecond, 1500 * time.Millisecond, 6 * time.Second},
		"b":   {0},
		"a":   {1500 * time.Millisecond, 6 * time.Second},
	} {
		c := tab.Outgoing(to)
		var got []time.Duration
		for {
			try, err := c.Next()
			if err != nil {
				break
			}
			got = append(got, try.Patience)
			c.Failed(silent)
		}
		c.End()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", to, got, want)
		}
		for _, w := range []string{"a1", "a2"} {
			tab.Answered("a", w)
		}
		tab.Answered("b", "b")
		tab.Answered("c", "c")
	}
}
