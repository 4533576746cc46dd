package cli

import (
	"io"
	"strconv"
	"strings"

	"github.com/skygenesisenterprise/skybridge/mixer"
)

// showWorkers shows the mixer's threads: what they do, and how late their ticks begin.
func showWorkers(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	p.line("%6s %10s %5s %6s %6s %6s %10s %8s %8s %9s %9s %9s", "worker", "scheduling", "io", "legs", "rooms", "busy", "ticks", "missed", "skipped", "p50", "p99", "p99.9")
	for i, s := range c.Workers() {
		p.line("%6d %10s %5s %6d %6d %5.1f%% %10d %8d %8d %9v %9v %9v", i, s.Scheduling, s.IO, s.Legs, s.Rooms, 100*s.Busy, s.Ticks, s.TicksMissed, s.Skipped,
			s.LatenessQuantile(0.5), s.LatenessQuantile(0.99), s.LatenessQuantile(0.999))
	}
	return p.err
}

// showLateness is for programs: a line for each worker, how busy it is in percent, then how
// many of its ticks began less than 1, 2, 4 µs and so on late, later than all those the last.
func showLateness(c *Console, w io.Writer, _ []string) error {
	p := printer{w: w}
	for _, s := range c.Workers() {
		p.line("%.1f %s", 100*s.Busy, numbers(&s))
	}
	return p.err
}

func numbers(s *mixer.WorkerStats) string {
	fields := make([]string, 0, len(s.Lateness))
	for _, n := range s.Lateness {
		fields = append(fields, strconv.FormatUint(n, 10))
	}
	return strings.Join(fields, " ")
}
