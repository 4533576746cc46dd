package table

import (
	"fmt"
	"time"
)

// Rate is how fast a server does one thing after the other.
type Rate struct {
	Work, Server string
	// Together is how many are begun and not ended at a time.
	Together int
	// Rate is how many it did in a second, Core how many it would with a core of its own, by
	// the processor time of Each; Busy the share of a core that it had.
	Rate, Core, Busy float64
	Each             time.Duration
	// Middle and Tail are the time that one takes, at the median and of 99 of 100.
	Middle, Tail time.Duration
	Done, Failed uint64 // of all Runs
	Runs         int
	Note         string
}

// Standing is what each of something that stays adds to a server.
type Standing struct {
	What, Server string
	Few, Many    int // between which the difference was measured
	// Held is bytes of live objects and stacks, Resident those of memory.
	Held, Resident          float64
	Goroutines, Descriptors float64
}

// standing is the Standing.
func (r *Report) standing() *grid {
	g := &grid{head: []string{"what stays", "server", "measured from", "live bytes each", "resident bytes each", "goroutines each", "descriptors each"}}
	for _, s := range r.Standing {
		g.add(s.What, s.Server, fmt.Sprintf("%d to %d", s.Few, s.Many), fmt.Sprintf("%.0f", s.Held), fmt.Sprintf("%.0f", s.Resident),
			fmt.Sprintf("%.2f", s.Goroutines), fmt.Sprintf("%.2f", s.Descriptors))
	}
	return g
}

// rates are the Rates.
func (r *Report) rates() *grid {
	g := &grid{head: []string{"work", "server", "at a time", "a second", "a whole core does", "µs each", "core busy", "p50", "p99", "failed", ""}}
	for i := range r.Rates {
		v := &r.Rates[i]
		g.add(v.Work, v.Server, fmt.Sprint(v.Together), fmt.Sprintf("%.0f", v.Rate), fmt.Sprintf("%.0f", v.Core), Microseconds(v.Each, 0),
			fmt.Sprintf("%.0f %%", 100*v.Busy), number(float64(v.Middle)/float64(time.Millisecond), "ms"), number(float64(v.Tail)/float64(time.Millisecond), "ms"),
			fmt.Sprintf("%d of %d", v.Failed, v.Done+v.Failed), v.Note)
	}
	return g
}
