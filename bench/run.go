package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/internal/guard"
)

// Runner runs workloads.
type Runner struct {
	// Core is the processor core that servers run on; below 0 for any.
	Core int
	Log  *slog.Logger

	voices voices
}

// Sample is what one run came to.
type Sample struct {
	Contender, Workload string
	Legs                int
	// CPU is the server's processor time for a leg in 20 ms.
	CPU time.Duration
	// Share is how much of what was due was received, 1 for all.
	Share float64
	// Gap is the time between packets that 99 of 100 keep, Largest the longest.
	Gap, Largest time.Duration
	// Memory is what a leg adds to the server's, in bytes.
	Memory int64
	// Wrong is what legs hear that they should not, or do not hear.
	Wrong []string
	// ClientLate is how late the client was, 99 of 100 times; Unsent is what it could not
	// send.
	ClientLate time.Duration
	Unsent     uint64
}

// Run starts a contender, has it do a workload and ends it.
func (r *Runner) Run(ctx context.Context, c peers.Contender, w Workload, plan load.Plan) (_ *Sample, err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	instance, err := c.Start(ctx, peers.Place{Core: r.Core, Dir: dir, Log: r.Log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, instance.Close()) }()
	s, err := r.With(ctx, instance, w, plan)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", c.Name(), w.Name, err)
	}
	s.Contender = c.Name()
	return s, nil
}

// With has a contender that runs do a workload.
func (r *Runner) With(ctx context.Context, instance peers.Instance, w Workload, plan load.Plan) (_ *Sample, err error) {
	l, err := load.Open(peers.Host, w.Legs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	idle, err := usage(instance.PID())
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx, instance, &w, l); err != nil {
		return nil, err
	}
	for _, leg := range w.tapped() {
		l.Tap(leg, plan)
	}
	if err := settle(ctx, instance.PID()); err != nil {
		return nil, err
	}
	result, used, err := r.count(ctx, instance, l, plan)
	if err != nil {
		return nil, err
	}
	s := &Sample{
		Workload: w.Name, Legs: w.Legs,
		CPU:   used.cpu * load.Frame / used.time / time.Duration(w.Legs),
		Share: result.Share(), Gap: result.Gaps.Quantile(0.99), Largest: result.Gaps.Max,
		Memory:     (used.rss - idle.RSS) / int64(w.Legs),
		ClientLate: result.Late.Quantile(0.99), Unsent: result.Unsent,
	}
	if _, silent := instance.(peers.Silent); !silent {
		s.Wrong, err = listen(&w, l)
	}
	return s, err
}

// connect sets the calls up and says where each leg sends what.
func (r *Runner) connect(ctx context.Context, instance peers.Instance, w *Workload, l *load.Load) error {
	ends, err := instance.Connect(ctx, w.layout(l))
	if err != nil {
		return fmt.Errorf("set up %d legs: %w", w.Legs, err)
	}
	for leg, end := range ends {
		s, err := r.voices.of(w, leg, end.PayloadType)
		if err != nil {
			return err
		}
		// Two with the same tone must not be heard as one.
		if err := l.Aim(leg, end.Address, s, leg); err != nil {
			return err
		}
	}
	return nil
}

// settle waits until a server has done what setting up calls left it to do: until it works
// no less than half a second ago, or for ten seconds.
func settle(ctx context.Context, pid int) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last, before time.Duration
	for range 20 {
		u, err := usage(pid)
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

// used is what a server used in the time that counts.
type used struct {
	cpu, time time.Duration
	rss       int64
}

// count runs the load and reads the server's processor time beside it.
func (r *Runner) count(ctx context.Context, instance peers.Instance, l *load.Load, plan load.Plan) (*load.Result, used, error) {
	type window struct{ from, until int64 }
	windows := make(chan window, 1)
	type outcome struct {
		result *load.Result
		err    error
	}
	ended := make(chan outcome, 1)
	o := outcome{err: errors.New("panic")}
	// owned by this call, which waits for it
	go func() {
		defer func() {
			close(windows)
			ended <- o
		}()
		defer guard.Recover(r.Log, "the load")
		o.result, o.err = l.Run(ctx, plan, nil, func(from, until int64) { windows <- window{from, until} })
	}()
	u, err := func() (u used, err error) {
		w, ok := <-windows
		if !ok {
			return u, nil // it failed, and says why
		}
		before, from, err := usageAt(ctx, l, instance.PID(), w.from)
		if err != nil {
			return u, err
		}
		after, until, err := usageAt(ctx, l, instance.PID(), w.until)
		return used{after.CPU - before.CPU, time.Duration(until - from), after.RSS}, err
	}()
	o = <-ended
	return o.result, u, errors.Join(err, o.err)
}

// usageAt reads what a process has used at a time of the load's clock, and when it was
// read.
func usageAt(ctx context.Context, l *load.Load, pid int, at int64) (measure.Usage, int64, error) {
	wait := time.NewTimer(time.Duration(at - l.Now()))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return measure.Usage{}, 0, ctx.Err()
	}
	u, err := usage(pid)
	return u, l.Now(), err
}

// usage is what a process has used; nothing of process 0, which is nobody's or not known.
func usage(pid int) (measure.Usage, error) {
	if pid == 0 {
		return measure.Usage{}, nil
	}
	return measure.Processes("/proc", pid)
}
