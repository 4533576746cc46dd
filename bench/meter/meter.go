// Package meter reads what a program and its core have used, from outside, by the clock of
// the load that it carries.
//
// Timed starts a goroutine and waits for it.
package meter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
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

// Timed runs a load on a thread of its own, and gives what a process used in the time that counts:
// the load says when that begins and when it ends, on its thread, as any other may be kept waiting
// by what else the machine does.
func Timed(log *slog.Logger, pid, core int, clock load.Clock, run func(at func()) error) (*Spent, error) {
	program, err := measure.NewProgram(pid)
	if err != nil {
		return nil, err
	}
	var readings []Reading
	ended := make(chan error, 1)
	failed := errors.New("panic")
	// owned by this call, which waits for it
	go func() {
		defer func() { ended <- failed }()
		defer guard.Recover(log, "the load")
		var unread error
		failed = run(func() {
			now, err := Read(program, core, clock)
			readings = append(readings, now)
			unread = errors.Join(unread, err)
		})
		failed = errors.Join(failed, unread)
	}()
	if err := <-ended; err != nil {
		return nil, err
	}
	if len(readings) != 2 {
		return nil, fmt.Errorf("%d readings of what was used", len(readings))
	}
	spent := readings[1].Since(&readings[0])
	return &spent, nil
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
