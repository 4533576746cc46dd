package bench

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/meeting"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
)

// How many browsers a core carries is held against Janus's where both were looked for.
func TestCarryBars(t *testing.T) {
	for want, found := range map[string]map[string]int{
		"met: 0.0831":                      {inBrowsers + "/" + theSkybridge: 1264, inBrowsers + "/" + theJanus: 105},
		"not met: 0.200, 100 % above":      {inBrowsers + "/" + theSkybridge: 500, inBrowsers + "/" + theJanus: 100},
		"not measured: there is no figure": {inBrowsers + "/" + theSkybridge: 500},
	} {
		c := &Comparison{found: found}
		if bars := c.carryBars(); len(bars) != 1 || bars[0].Verdict() != want {
			t.Errorf("%+v, want %q", bars, want)
		}
		if c.Only = []string{"video"}; len(c.carryBars()) != 0 {
			t.Error("a bar of a part that was not asked for")
		}
	}
}

// A row of video has the runs' medians, and says of one that counts for nothing.
func TestForwardedRow(t *testing.T) {
	f := (&Comparison{Short: true}).films()[0]
	if forwardedRow(f, nil) != nil {
		t.Error("a row of no runs")
	}
	run := func(cpu time.Duration, least float64) *meeting.Forwarded {
		return &meeting.Forwarded{Spent: meter.Spent{CPU: cpu, Time: time.Second, RSS: 1 << 20}, Packets: 1000, Least: least, LeastStream: least}
	}
	row := forwardedRow(f, []*meeting.Forwarded{run(5*time.Millisecond, 1), run(9*time.Millisecond, 1), run(6*time.Millisecond, 1)})
	if row.CPU != 6*time.Microsecond || row.PerSecond != 1000 || row.Least != 1 || row.Memory != 1<<20 || row.Note != "" || row.Runs != 3 {
		t.Errorf("%+v", row)
	}
	for want, spoil := range map[string]func(*meeting.Forwarded){
		"a receiver had 50.0 % of the packets":        func(s *meeting.Forwarded) { s.Least, s.ClientLate = 0.5, time.Second },
		"a receiver had 98.0 % of a camera's packets": func(s *meeting.Forwarded) { s.LeastStream = 0.98 },
		"the numbers of streams began anew 2 times":   func(s *meeting.Forwarded) { s.Restarts = 2 },
		"the client was 2.5 ms late":                  func(s *meeting.Forwarded) { s.ClientLate = 2500 * time.Microsecond },
		"3 % of the core was stolen":                  func(s *meeting.Forwarded) { s.Stolen = 0.03 },
		"7 packets were not sent":                     func(s *meeting.Forwarded) { s.Unsent = 7 },
		"":                                            func(s *meeting.Forwarded) { s.ClientLate, s.Stolen = mostLate, meter.MostStolen },
	} {
		bad := run(5*time.Millisecond, 1)
		spoil(bad)
		if row := forwardedRow(f, []*meeting.Forwarded{run(5*time.Millisecond, 1), bad, run(5*time.Millisecond, 1)}); row.Note != want {
			t.Errorf("%q, want %q", row.Note, want)
		}
		if quiet := run(5*time.Millisecond, 0.995); want != "" && (betterForwarded(bad, quiet) || !betterForwarded(quiet, bad)) {
			t.Errorf("%s: that counts for more", want)
		}
	}
}
