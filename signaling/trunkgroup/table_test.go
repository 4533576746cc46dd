package trunkgroup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// street is trunks with one address each, which is its name, but for those that
// have others.
type street struct {
	down map[string]error // by way
	ways map[string][]string
	gone map[string]error // by trunk
}

func (s *street) find(trunk string) ([]Way, error) {
	if err := s.gone[trunk]; err != nil {
		return nil, err
	}
	ids := s.ways[trunk]
	if ids == nil {
		ids = []string{trunk}
	}
	var out []Way
	for _, id := range ids {
		out = append(out, Way{id, s.down[id]})
	}
	return out, nil
}

// table is trunks a, b and c, and a group of all: a and b before c, by chance the
// first of those that are left.
func table(t *testing.T, change func(*Config)) (*Table, *street) {
	t.Helper()
	s := &street{down: map[string]error{}, ways: map[string][]string{}, gone: map[string]error{}}
	tab := New(s.find)
	tab.rand = func(int) int { return 0 }
	cfg := Config{
		Trunks: []Trunk{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Groups: []Group{{Name: "All", Retry: DefaultRetry(), Members: []Member{{"c", 2, 1}, {"a", 1, 1}, {"b", 1, 1}}}},
	}
	if change != nil {
		change(&cfg)
	}
	if err := tab.Configure(cfg); err != nil {
		t.Fatal(err)
	}
	return tab, s
}

// route makes a call whose tries fail as outcomes says by way, and gives the ways
// that it took, with what was left when it ended.
func route(t *testing.T, tab *Table, to string, outcomes map[string]Outcome) (path string, err error) {
	t.Helper()
	c := tab.Outgoing(to)
	if c == nil {
		t.Fatalf("nobody is %q", to)
	}
	defer c.End()
	var taken []string
	for {
		try, err := c.Next()
		if err != nil {
			return strings.Join(taken, " "), err
		}
		taken = append(taken, try.Way)
		o, fails := outcomes[try.Way]
		if !fails {
			c.Answered()
			return strings.Join(taken, " "), nil
		}
		if !c.Failed(o) {
			return strings.Join(taken, " "), o.Err
		}
	}
}

func refused(status int) Outcome {
	return Outcome{Status: status, Err: fault.New(fault.Unavailable, "status %d", status)}
}

var (
	silent  = Outcome{Err: fault.New(fault.Timeout, "no answer")}
	nowhere = Outcome{Err: fault.New(fault.Unreachable, "connection refused")}
)

// Which failures another trunk is tried after.
func TestAnother(t *testing.T) {
	usual := DefaultRetry()
	only := usual
	only.Statuses = []int{404}
	for status := 300; status < 700; status++ {
		o := refused(status)
		want := slices.Contains([]int{401, 407, 408, 488, 500, 501, 502, 503, 504, 580}, status)
		if o.another(&usual, false) != want {
			t.Errorf("%d: another trunk is tried: %v", status, !want)
		}
		if o.another(&only, false) != (status == 404) || o.another(&usual, true) != (status == 503) {
			t.Errorf("%d: with rules of its own, or once it rang", status)
		}
	}
	for _, o := range []Outcome{silent, nowhere} {
		if !o.another(&usual, false) || o.another(&usual, true) {
			t.Errorf("%v: another trunk only before it rings", o.Err)
		}
	}
	if o := (Outcome{Err: errors.New("a mistake of ours")}); o.another(&usual, false) {
		t.Error("our own mistakes are made once")
	}
}

func TestWayThroughGroup(t *testing.T) {
	for _, tt := range []struct {
		name     string
		change   func(*Config)
		street   func(*street)
		outcomes map[string]Outcome
		want     string
		err      string
		kind     fault.Kind
	}{
		{name: "the first takes it", want: "a"},
		{name: "503", outcomes: map[string]Outcome{"a": refused(503)}, want: "a b"},
		{name: "no answer, then no connection", outcomes: map[string]Outcome{"a": silent, "b": nowhere}, want: "a b c"},
		{name: "busy", outcomes: map[string]Outcome{"a": refused(486)}, want: "a", err: "status 486", kind: fault.Unavailable},
		{name: "all fail", outcomes: map[string]Outcome{"a": refused(503), "b": refused(500), "c": refused(504)},
			want: "a b c", err: "no trunk can take the call: status 504", kind: fault.Unavailable},
		{name: "down by OPTIONS", street: func(s *street) { s.down["a"] = fault.New(fault.Unreachable, "a does not answer") }, want: "b"},
		{name: "not registered", street: func(s *street) { s.gone["a"] = fault.New(fault.Unreachable, "a is not registered") }, want: "b"},
		{name: "all down", street: func(s *street) {
			for _, n := range []string{"a", "b", "c"} {
				s.down[n] = fault.New(fault.Unreachable, "%s does not answer", n)
			}
		}, err: "no trunk can take the call: c does not answer", kind: fault.Unavailable},
		{name: "two addresses", street: func(s *street) { s.ways["a"] = []string{"a1", "a2"} }, outcomes: map[string]Outcome{"a1": silent}, want: "a1 a2"},
		{name: "two addresses and another trunk", street: func(s *street) { s.ways["a"] = []string{"a1", "a2"} },
			outcomes: map[string]Outcome{"a1": silent, "a2": refused(503)}, want: "a1 a2 b"},
		{name: "two tries", change: func(c *Config) { c.Groups[0].Retry.Attempts = 2 },
			outcomes: map[string]Outcome{"a": silent, "b": silent, "c": silent}, want: "a b", err: "no answer", kind: fault.Unavailable},
		{name: "a trunk that is gone", change: func(c *Config) { c.Trunks = c.Trunks[1:] }, want: "b"},
		{name: "none is there", change: func(c *Config) { c.Trunks = nil }, err: "has no trunk that is there", kind: fault.Unavailable},
		{name: "at its limit", change: func(c *Config) { c.Trunks[0].MaxCalls = 1 }, street: nil, want: "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tab, s := table(t, tt.change)
			if tt.street != nil {
				tt.street(s)
			}
			got, err := route(t, tab, "all", tt.outcomes)
			if got != tt.want {
				t.Errorf("went %q, want %q", got, tt.want)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || fault.Of(err) != tt.kind) {
				t.Errorf("ended with %v (%v), want %q", err, fault.Of(err), tt.err)
			}
			for _, st := range tab.State() {
				if st.Out != 0 {
					t.Errorf("%s keeps a call", st.Name)
				}
			}
		})
	}
	if tab, _ := table(t, nil); tab.Outgoing("1001") != nil || tab.IsGroup("a") || !tab.IsGroup("all") || !tab.Has("A") || tab.Has("all") {
		t.Error("who is a trunk and who a group")
	}
}

// Once a phone rings no other trunk is tried, unless the trunk takes the call back.
func TestNoSecondRinging(t *testing.T) {
	for status, want := range map[int]bool{0: false, 408: false, 500: false, 503: true} {
		tab, _ := table(t, nil)
		c := tab.Outgoing("all")
		if _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		c.Ringing()
		o := refused(status)
		if status == 0 {
			o = silent
		}
		if c.Failed(o) != want {
			t.Errorf("%d after ringing: another is tried: %v", status, !want)
		}
		c.End()
	}
}

// A trunk that asks for a rest gets it, one that fails is tried last for a while, and
// at once when it answers.
func TestRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab, _ := table(t, nil)
		want := func(path string, outcomes map[string]Outcome) {
			t.Helper()
			if got, err := route(t, tab, "all", outcomes); got != path {
				t.Fatalf("went %q (%v), want %q", got, err, path)
			}
		}
		asks := refused(503)
		asks.RetryAfter = time.Minute
		want("a b", map[string]Outcome{"a": asks})
		want("b", nil)
		tab.Answered("a", "a") // it still has asked
		if s := tab.State()[0]; time.Until(s.RetryAt) != time.Minute || s.LastError != "status 503" || s.LastStatus != 503 || s.Failures != 1 || s.Attempts != 1 {
			t.Errorf("state %+v", s)
		}
		// And it gets what it asked for, though nobody else is there.
		want("b c", map[string]Outcome{"b": asks, "c": asks})
		if _, err := route(t, tab, "all", nil); err == nil || !strings.Contains(err.Error(), "left alone") || fault.Of(err) != fault.Unavailable {
			t.Errorf("all rest: %v", err)
		}
		time.Sleep(time.Minute)
		if s := tab.State()[0]; !s.RetryAt.IsZero() {
			t.Errorf("state %+v", s)
		}
		want("a", nil)

		want("a b", map[string]Outcome{"a": silent})
		want("b c a", map[string]Outcome{"b": refused(500), "c": refused(504)}) // last, but tried
		want("a", nil)                                                          // it answered
		if s := tab.State()[1]; s.LastStatus != 500 {
			t.Errorf("state %+v", s)
		}
		want("a b", map[string]Outcome{"a": nowhere})
		if s := tab.State()[0]; s.LastStatus != 503 || s.LastError != "connection refused" {
			t.Errorf("state %+v", s)
		}
		want("b", nil)
		tab.Answered("A", "a")
		want("a", nil)
		want("a b", map[string]Outcome{"a": refused(503)})
		time.Sleep(30 * time.Second)
		want("a", nil)

		asks.RetryAfter = 24 * time.Hour
		want("a b", map[string]Outcome{"a": asks})
		time.Sleep(10 * time.Minute)
		want("a", nil)
		tab.Answered("nobody", "x")
	})
}

// Members of one priority share the calls as their weights say.
func TestShares(t *testing.T) {
	tab, _ := table(t, nil)
	seed := 0
	tab.rand = func(n int) int { seed += 7; return seed % n }
	members := []Member{{"heavy", 1, 6}, {"light", 1, 2}, {"idle", 1, 0}, {"spare", 2, 0}}
	first := make(map[string]int)
	for range 800 {
		order := tab.order(members)
		first[order[0].Trunk]++
		if len(order) != 4 || order[3].Trunk != "spare" {
			t.Fatalf("order %v", order)
		}
	}
	if first["heavy"] != 600 || first["light"] != 200 {
		t.Errorf("first %v of 800", first)
	}
	if members[0].Trunk != "heavy" {
		t.Error("the members were reordered in place")
	}
}

// A new configuration keeps what is known of a trunk, and calls theirs.
func TestReconfigured(t *testing.T) {
	tab, _ := table(t, nil)
	c := tab.Outgoing("a")
	if _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	if err := tab.Configure(Config{Trunks: []Trunk{{Name: "A", MaxCalls: 1}, {Name: "d"}}}); err != nil {
		t.Fatal(err)
	}
	if s := tab.State(); len(s) != 2 || s[0].Name != "A" || s[0].Out != 1 || len(tab.Groups()) != 0 {
		t.Errorf("state %+v", s)
	}
	if _, err := tab.Incoming("a", ""); fault.Of(err) != fault.TooMany {
		t.Errorf("the new limit: %v", err)
	}
	c.End()
	if s := tab.State(); s[0].Out != 0 {
		t.Errorf("state %+v", s)
	}
}

func TestValidate(t *testing.T) {
	group := func(change func(*Group)) Config {
		g := Group{Name: "g", Retry: DefaultRetry(), Members: []Member{{"a", 0, 0}}}
		change(&g)
		return Config{Groups: []Group{g}}
	}
	for name, cfg := range map[string]Config{
		"no name":          {Trunks: []Trunk{{}}},
		"twice":            {Trunks: []Trunk{{Name: "a"}, {Name: "a"}}},
		"group and trunk":  {Trunks: []Trunk{{Name: "g"}}, Groups: group(func(*Group) {}).Groups},
		"negative calls":   {Trunks: []Trunk{{Name: "a", MaxCalls: -1}}},
		"negative rate":    {Trunks: []Trunk{{Name: "a", PerSecond: -1}}},
		"no members":       group(func(g *Group) { g.Members = nil }),
		"too many":         group(func(g *Group) { g.Members = make([]Member, 101) }),
		"nameless member":  group(func(g *Group) { g.Members[0].Trunk = "" }),
		"member twice":     group(func(g *Group) { g.Members = append(g.Members, g.Members[0]) }),
		"weight":           group(func(g *Group) { g.Members[0].Weight = 65536 }),
		"priority":         group(func(g *Group) { g.Members[0].Priority = -1 }),
		"patience":         group(func(g *Group) { g.Retry.Patience = 0 }),
		"attempts":         group(func(g *Group) { g.Retry.Attempts = -1 }),
		"no such response": group(func(g *Group) { g.Retry.Statuses = []int{200} }),
	} {
		if err := New(nil).Configure(cfg); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := fmt.Sprint(DefaultStatuses()); got != "[401 407 408 488 500 501 502 503 504 580]" {
		t.Errorf("statuses %s", got)
	}
}
