// Package meter reads what a program and its core have used, from outside, by the clock of
// the load that it carries.
//
// It starts no goroutine.
package meter

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
)

// Reading is what a program and its core have used by a time of the load's clock.
type Reading struct {
	measure.Usage
	core measure.CoreTime
	At   int64
	// since boot, by CLOCK_MONOTONIC
	uptime time.Duration
}

// Read reads that of a program and a core, below 0 of all.
func Read(p measure.Program, core int, clock load.Clock) (r Reading, err error) {
	if r.core, err = measure.Core(core); err != nil {
		return r, err
	}
	if r.Usage, err = p.Usage(); err != nil {
		return r, err
	}
	r.At = clock.Now()
	r.uptime = clock.Monotonic(r.At)
	return r, nil
}

// Spent is what was used between two readings.
type Spent struct {
	// CPU is processor time, Time the clock's, Step what CPU is known to.
	CPU, Time, Step time.Duration
	RSS             int64 // bytes, at the end
	// Stolen is the share of the core's time that the hypervisor took.
	Stolen      float64
	From, Until time.Duration // by CLOCK_MONOTONIC
}

// Since is what was used since an earlier reading.
func (r *Reading) Since(earlier *Reading) Spent {
	return Spent{
		CPU: r.CPU - earlier.CPU, Time: time.Duration(r.At - earlier.At), Step: r.Step,
		RSS: r.RSS, Stolen: r.core.Since(earlier.core), From: earlier.uptime, Until: r.uptime,
	}
}

// Of is what a process has used by now.
func Of(pid int) (measure.Usage, error) {
	p, err := measure.NewProgram(pid)
	if err != nil {
		return measure.Usage{}, err
	}
	return p.Usage()
}

// Settle waits until a server has done what setting up calls left it to do: until it works
// no less than a quarter of a second ago, or for ten seconds.
func Settle(ctx context.Context, pid int) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var last, before time.Duration
	for range 40 {
		u, err := Of(pid)
		if err != nil {
			return err
		}
		const slightly = 10 * time.Millisecond
		now := u.CPU - last
		if pid == 0 || last > 0 && before > 0 && now+slightly > before*9/10 {
			return nil
		}
		if last > 0 {
			before = max(now, 1)
		}
		last = u.CPU
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// MostStolen is the share of a core that the hypervisor may take before figures count for
// nothing.
const MostStolen = 0.02
