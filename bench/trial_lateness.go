package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/client"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// How busy a worker is to be for its lateness to count, and what is aimed for.
const (
	leastBusy = 0.78
	mostBusy  = 0.85
	aimBusy   = 0.81
)

// busyEnough tells whether so many parties made a worker as busy as it should be, and how
// many would.
func busyEnough(legs int, busy float64) (right bool, next int) {
	factor := 1.5
	if busy > 0 {
		factor = min(max(aimBusy/busy, 2./3), 1.5)
	}
	return busy >= leastBusy && busy <= mostBusy, int(float64(legs) * factor)
}

// lateness measures how late ticks begin when a worker is busy for four fifths of its
// time and four goroutines of its process never rest. The number of parties is looked for
// that makes it so; where none is found, the bar is not valid.
func (c *Comparison) lateness(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	plan := load.Plan{Warm: 2 * time.Second, Measure: 20 * time.Second}
	if c.Short {
		plan.Measure = 5 * time.Second
	}
	each := c.cpu(inRooms, theSkybridge)
	if each == 0 {
		return nil, c.say("tick lateness: what a leg costs is not known")
	}
	legs := 10 + int(0.8*microseconds(load.Frame)/each)
	bar := table.Bar{Workload: "tick lateness", What: "p99.9 ≤ 0.3 ms at 80 %, beside 4 hogs", Limit: 0.3, Unit: "ms"}
	for _, hogs := range []int{0, 4} {
		var s *Sample
		right, next := false, legs
		for tries := 0; !right && tries < 4; tries++ {
			legs = next
			var err error
			s, err = c.Runner.Run(ctx, peers.Skybridge{Program: c.Program, Args: []string{"--hogs", strconv.Itoa(hogs)}}, SmallRooms(client.PCMU, legs), plan)
			if err != nil {
				return nil, err
			}
			right, next = busyEnough(s.Legs, s.Busy)
			if err := c.say("tick lateness, %d parties, %d hogs: worker %.0f %% busy, p99.9 %v", s.Legs, hogs, 100*s.Busy, s.Late.Quantile(0.999)); err != nil {
				return nil, err
			}
		}
		what := fmt.Sprintf("tick lateness, worker %.0f %% busy, %d hogs", 100*s.Busy, hogs)
		note := fmt.Sprintf("%d parties in rooms of 10", s.Legs)
		bar.Value, bar.Invalid = milliseconds(s.Late.Quantile(0.999)), ""
		if !right {
			bar.Invalid = fmt.Sprintf("the worker was %.0f %% busy, not %.0f to %.0f %%", 100*s.Busy, 100*leastBusy, 100*mostBusy)
			note += "; not valid: too much or too little to do"
		}
		r.Delays = append(r.Delays, table.Delay{What: what, Note: note, Values: []table.Quantile{
			{Name: "p50", Value: s.Late.Quantile(0.5)}, {Name: "p99", Value: s.Late.Quantile(0.99)}, {Name: "p99.9", Value: s.Late.Quantile(0.999)},
		}})
	}
	return []table.Bar{bar}, nil
}
