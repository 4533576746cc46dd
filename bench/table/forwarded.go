package table

import (
	"fmt"
	"time"
)

// Forwarded is one server's figures of video that it forwards.
type Forwarded struct {
	Workload, Server string
	Runs             int
	// CPU is the processor time of a packet that came to a receiver; PerSecond is how many did.
	CPU       time.Duration
	PerSecond float64
	// Least is the share of packets that came to the receiver to whom least did.
	Least float64
	// Memory is the server's, in bytes, resident.
	Memory int64
	// Note says what is to be known of the row; may be "".
	Note string
}

// forwarded are the servers that forward video.
func (r *Report) forwarded() *grid {
	g := &grid{head: []string{"workload", "server", "µs a packet forwarded", "× skybridge", "packets a second", "a core forwards", "came to each", "MiB", ""}}
	ours := make(map[string]time.Duration)
	for _, f := range r.Forwarded {
		if f.Server == Skybridge {
			ours[f.Workload] = f.CPU
		}
	}
	for _, f := range r.Forwarded {
		times, core := "", ""
		if f.CPU > 0 {
			core = fmt.Sprintf("(%.0f)", float64(time.Second)/float64(f.CPU))
			if of := ours[f.Workload]; of > 0 {
				times = number(float64(f.CPU)/float64(of), "")
			}
		}
		g.add(f.Workload, f.Server, number(float64(f.CPU)/float64(time.Microsecond), ""), times, fmt.Sprintf("%.0f", f.PerSecond),
			core, fmt.Sprintf("%.1f %%", 100*min(1, f.Least)), fmt.Sprintf("%.0f", float64(f.Memory)/(1<<20)), f.Note)
	}
	return g
}
