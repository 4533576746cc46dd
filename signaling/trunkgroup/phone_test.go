package trunkgroup

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

func TestPhones(t *testing.T) {
	table := New(nil)
	if err := table.Configure(Config{Phones: []Phone{{Name: "Busy", BusyAt: 1}, {Name: "limited", MaxCalls: 2}, {Name: "both", BusyAt: 1, MaxCalls: 2}}}); err != nil {
		t.Fatal(err)
	}
	var up []func()
	for i, step := range []struct {
		rings bool
		name  string
		want  fault.Kind // 0 is a call
	}{
		{true, "busy", 0}, {true, "busy", fault.Busy}, {false, "busy", 0}, {true, "BUSY", fault.Busy},
		{false, "limited", 0}, {true, "limited", 0}, {true, "limited", fault.Busy}, {false, "limited", fault.TooMany},
		{false, "both", 0}, {true, "both", fault.Busy}, {false, "both", 0}, {false, "both", fault.TooMany},
		{true, "free", 0}, {true, "free", 0}, {false, "free", 0},
	} {
		take := func(name string) (func(), error) { return table.Incoming(name, "") }
		if step.rings {
			take = func(name string) (func(), error) { return table.Ring(name, "") }
		}
		release, err := take(step.name)
		if (err != nil) != (step.want != 0) || err != nil && fault.Of(err) != step.want {
			t.Errorf("step %d: %v", i, err)
		}
		if err == nil {
			up = append(up, release)
		}
	}
	// Calls count over a new configuration, and once.
	if err := table.Configure(Config{Phones: []Phone{{Name: "busy", BusyAt: 2}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Ring("busy", ""); fault.Of(err) != fault.Busy {
		t.Errorf("with two calls: %v", err)
	}
	for _, release := range up {
		release()
		release()
	}
	for range 2 {
		if _, err := table.Ring("busy", ""); err != nil {
			t.Error(err)
		}
	}
	if _, err := table.Ring("busy", ""); fault.Of(err) != fault.Busy {
		t.Errorf("with two calls again: %v", err)
	}
}

// All legs of one call to a user's phones have one place, which the last of them gives back.
func TestLegsOfACall(t *testing.T) {
	table := New(nil)
	if err := table.Configure(Config{Phones: []Phone{{Name: "one", BusyAt: 1}, {Name: "two", BusyAt: 2}, {Name: "limited", MaxCalls: 1}}}); err != nil {
		t.Fatal(err)
	}
	ring := func(name, call string, want fault.Kind) (release func()) {
		t.Helper()
		release, err := table.Ring(name, call)
		if (err != nil) != (want != 0) || err != nil && fault.Of(err) != want {
			t.Fatalf("%s of %s: %v", name, call, err)
		}
		return release
	}
	for name, room := range map[string]int{"one": 1, "two": 2, "limited": 1} {
		var legs []func()
		for n := range room {
			for range 3 {
				legs = append(legs, ring(name, string(rune('a'+n)), 0))
			}
		}
		for range 3 {
			ring(name, "another", fault.Busy)
			ring(name, "", fault.Busy)
			legs[0]()
			legs[0]() // counts once
			legs = legs[1:]
		}
		ring(name, "another", 0)() // the first call is over
		for _, release := range legs {
			release()
		}
		for n := range room {
			ring(name, string(rune('x'+n)), 0)
		}
		ring(name, "another", fault.Busy)
	}
}
