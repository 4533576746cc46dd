package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// Budget is the share of its core that a server's worker uses at the most.
const Budget = 0.85

// Carries is how many legs one core has room for, by what one costs.
func (s *Sample) Carries() int {
	if s.CPU <= 0 {
		return 0
	}
	return int(Budget * float64(load.Frame) / float64(s.CPU))
}

// Good tells whether the server kept up: 99 of 100 packets came, and no two of them, in 99
// of 100 cases, over 100 ms apart.
func (s *Sample) Good() bool { return s.Share >= 0.99 && s.Gap < 100*time.Millisecond }

// Overloaded tells whether a server did not keep up, and for its own work.
func (s *Sample) Overloaded() bool {
	const most = 0.7 // of a core
	return !s.Good() && float64(s.CPU)*float64(s.Legs) > most*float64(load.Frame)
}

// mostLate is how late the client may be, 99 of 100 times, before it is in the way of a run.
const mostLate = 2 * time.Millisecond

// Disturbed says what was in the way of a run that is not the server's; "" for nothing.
func (s *Sample) Disturbed() string {
	switch {
	case s.Stolen > meter.MostStolen:
		return fmt.Sprintf("%.0f %% of the core was stolen", 100*s.Stolen)
	case s.ClientLate > mostLate:
		return fmt.Sprintf("the client was %.1f ms late", milliseconds(s.ClientLate))
	}
	return ""
}

// better tells which of two runs of the same says more.
func (s *Sample) better(than *Sample) bool {
	if s.Good() != than.Good() {
		return s.Good()
	}
	if free := s.Disturbed() == ""; free != (than.Disturbed() == "") {
		return free
	}
	return s.Share > than.Share
}

// decision is what follows a run.
type decision int

const (
	keep   decision = iota
	repeat          // the machine was in the way
	halve           // it leaves work undone: what a leg costs is seen with fewer
)

// stuck is the share of what was due below which a contestant that has been asked twice
// cannot do it, whatever its processor does.
const stuck = 0.9

// next says what follows a run that has been repeated so many times, of so many at the
// most; halves tells whether half as many legs may be tried.
func (s *Sample) next(repeated, repeats int, halves bool) decision {
	switch {
	case s.Disturbed() != "" && repeated == 0:
		return repeat
	case s.Good():
		return keep
	case halves && (s.Overloaded() || repeated > 0 && s.Share < stuck):
		return halve
	case !s.Overloaded() && repeated < repeats:
		return repeat
	}
	return keep
}

// Print says what a run came to, in lines for people. floor may be nil.
func (s *Sample) Print(w io.Writer, floor *Sample) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d parties, %s\n", s.Workload, s.Legs, s.Contender)
	fmt.Fprintf(&b, "  received        %.2f %%\n", 100*min(1, s.Share))
	fmt.Fprintf(&b, "  gaps            %v at the 99th percentile, %v the longest\n", s.Gap, s.Largest.Round(time.Millisecond))
	if s.CPU > 0 {
		fmt.Fprintf(&b, "  processor       %s µs a party in 20 ms: a core carries about %d\n", table.Microseconds(s.CPU, s.Step), s.Carries())
	}
	if floor != nil && floor.CPU > 0 {
		fmt.Fprintf(&b, "  floor           %.2f µs for the packets alone: %.2f times that\n", microseconds(floor.CPU), s.CPU.Seconds()/floor.CPU.Seconds())
	}
	if s.Memory > 0 {
		fmt.Fprintf(&b, "  memory          %.1f KiB a party\n", float64(s.Memory)/1024)
	}
	if !s.Good() {
		b.WriteString("  more than the server can carry\n")
	}
	if s.Unsent > 0 || s.ClientLate > load.Frame {
		fmt.Fprintf(&b, "  the client did not keep up: %v late, %d packets not sent\n", s.ClientLate, s.Unsent)
	}
	if s.Stolen > meter.MostStolen {
		fmt.Fprintf(&b, "  %.0f %% of the server's core was stolen by the hypervisor\n", 100*s.Stolen)
	}
	for _, wrong := range s.Wrong {
		fmt.Fprintf(&b, "  wrong: %s\n", wrong)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
