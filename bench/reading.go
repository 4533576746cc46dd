package bench

import (
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// reading is what a program and its core have used by a time of the load's clock.
type reading struct {
	measure.Usage
	core measure.CoreTime
	at   int64
	// since boot, by CLOCK_MONOTONIC
	uptime time.Duration
}

// read reads that of a program and a core, below 0 of all.
func read(p measure.Program, core int, clock load.Clock) (r reading, err error) {
	if r.core, err = measure.Core(core); err != nil {
		return r, err
	}
	if r.Usage, err = p.Usage(); err != nil {
		return r, err
	}
	r.at = clock.Now()
	r.uptime = clock.Monotonic(r.at)
	return r, nil
}

// spent is what was used between two readings.
type spent struct {
	cpu, time, step time.Duration
	rss             int64
	stolen          float64
	from, until     time.Duration // by CLOCK_MONOTONIC
}

func (r *reading) since(earlier *reading) spent {
	return spent{
		cpu: r.CPU - earlier.CPU, time: time.Duration(r.at - earlier.at), step: r.Step,
		rss: r.RSS, stolen: r.core.Since(earlier.core), from: earlier.uptime, until: r.uptime,
	}
}

// usage is what a process has used by now.
func usage(pid int) (measure.Usage, error) {
	p, err := measure.NewProgram(pid)
	if err != nil {
		return measure.Usage{}, err
	}
	return p.Usage()
}

// perLeg is the processor time for a leg in 20 ms.
func perLeg(cpu, in time.Duration, legs int) time.Duration {
	return cpu * load.Frame / max(in, 1) / time.Duration(legs)
}
