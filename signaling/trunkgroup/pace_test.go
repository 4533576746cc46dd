package trunkgroup

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// A phone begins so many calls within any minute, and is told when the next one may begin.
func TestCallsPerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{Phones: []Phone{{Name: "Phone", PerMinute: 3}, {Name: "other", PerMinute: 1}, {Name: "both", PerMinute: 5, MaxCalls: 1}}, Emergency: []string{"112"}}
		table := New(nil)
		if err := table.Configure(cfg); err != nil {
			t.Fatal(err)
		}
		begins := func(name, number string, want time.Duration) {
			t.Helper()
			release, err := table.Incoming(name, number)
			var soon *TooSoonError
			switch {
			case err == nil:
				release() // a call that is over counts as well
				if want != 0 {
					t.Errorf("it begins, and should in %v", want)
				}
			case !errors.As(err, &soon) || fault.Of(err) != fault.TooMany || soon.After != want:
				t.Errorf("%v, want %v", err, want)
			}
		}
		start := time.Now()
		at := func(d time.Duration) { time.Sleep(time.Until(start.Add(d))) }
		begins("phone", "1", 0)
		at(10 * time.Second)
		begins("PHONE", "1", 0)
		at(15 * time.Second)
		begins("phone", "1", 0)
		begins("phone", "1", 45*time.Second)
		begins("phone", "112", 0)
		begins("phone", "112;phone-context=x", 0)
		begins("phone", "1", 45*time.Second) // neither counts
		if _, err := table.Ring("phone", ""); err != nil {
			t.Errorf("it is called: %v", err)
		}
		begins("other", "1", 0)
		begins("other", "1", time.Minute)
		begins("nobody", "1", 0)
		at(time.Minute - time.Nanosecond)
		begins("phone", "1", time.Nanosecond)
		at(time.Minute)
		begins("phone", "1", 0)
		begins("phone", "1", 10*time.Second)

		cfg.Phones[0].PerMinute = 2 // two of the three are too many now
		if err := table.Configure(cfg); err != nil {
			t.Fatal(err)
		}
		begins("phone", "1", 15*time.Second)
		cfg.Phones[0].PerMinute = 4
		if err := table.Configure(cfg); err != nil {
			t.Fatal(err)
		}
		begins("phone", "1", 0)
		at(time.Hour)
		begins("phone", "1", 0)
		if n := len(table.phones["phone"].began); n != 1 {
			t.Errorf("%d times are kept", n)
		}

		// A call that the other limit refuses has not begun.
		release, err := table.Incoming("both", "1")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := table.Incoming("both", "1"); fault.Of(err) != fault.TooMany {
				t.Errorf("a second call: %v", err)
			}
		}
		release()
		begins("both", "1", 0)
	})
}

func TestCallsPerMinuteMistakes(t *testing.T) {
	for _, n := range []int{-1, MaxPerMinute + 1} {
		if err := New(nil).Configure(Config{Phones: []Phone{{Name: "x", PerMinute: n}}}); fault.Of(err) != fault.Invalid {
			t.Errorf("%d a minute: %v", n, err)
		}
	}
}
