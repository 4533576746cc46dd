package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/footprint"
	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/meter"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/media/srtp"
)

// Runner runs workloads.
type Runner struct {
	// Core is the processor core that servers run on; below 0 for any.
	Core int
	// Speech is what is said where tones will not do, as Speech reads it; nil is made up.
	Speech []int16
	Log    *slog.Logger

	voices     voices
	footprints bool // are asked for after each run
}

// Sample is what one run came to.
type Sample struct {
	Contender, Workload string
	Legs                int
	// CPU is the server's processor time for a leg in 20 ms, Step what it is known to.
	CPU, Step time.Duration
	// Stolen is the share of the server's core that the hypervisor took meanwhile.
	Stolen float64
	// From and Until are when it counted, by CLOCK_MONOTONIC.
	From, Until time.Duration
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
	// Latency is how long marks took from one leg to another, Missed how many were not
	// heard; of a workload that has marks.
	Latency []time.Duration
	Missed  int
	// Busy is the server's own figure, and Late how late its ticks began; of Skybridge.
	Busy float64
	Late Lateness
	// Footprint is what its memory is used for, Collected its RSS after a collection; of
	// Skybridge, where asked for.
	Footprint *footprint.Footprint
	Collected int64
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
	idle, err := meter.Of(instance.PID())
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx, instance, &w, l); err != nil {
		return nil, err
	}
	for _, leg := range w.tapped() {
		l.Tap(leg, plan)
	}
	if err := meter.Settle(ctx, instance.PID()); err != nil {
		return nil, err
	}
	result, used, err := r.count(ctx, instance, l, &w, plan)
	if err != nil {
		return nil, err
	}
	s := &Sample{
		Workload: w.Name, Legs: w.Legs,
		CPU: perLeg(used.CPU, used.Time, w.Legs), Step: perLeg(used.Step, used.Time, w.Legs), Stolen: used.Stolen,
		Share: result.Share(), Gap: result.Gaps.Quantile(0.99), Largest: result.Gaps.Max,
		Memory:     (used.RSS - idle.RSS) / int64(w.Legs),
		ClientLate: result.Late.Quantile(0.99), Unsent: result.Unsent,
	}
	s.Busy, s.Late, s.From, s.Until = used.busy, used.late, used.From, used.Until
	if r.footprints {
		if s.Footprint, err = footprint.Ask(ctx, instance); err != nil {
			return nil, err
		}
		collected, err := meter.Of(instance.PID())
		if err != nil {
			return nil, err
		}
		s.Collected = collected.RSS
	}
	switch _, silent := instance.(peers.Silent); {
	case silent:
	case w.Marks != nil:
		s.Latency, s.Missed, err = latencies(&w, l, result.Marks)
	default:
		s.Wrong, err = listen(&w, l.Tapped)
	}
	return s, err
}

// connect sets the calls up and says where each leg sends what.
func (r *Runner) connect(ctx context.Context, instance peers.Instance, w *Workload, l *load.Load) error {
	if r.voices.speech == nil {
		r.voices.speech = r.Speech
	}
	layout := w.layout(l)
	ends, err := instance.Connect(ctx, layout)
	if err != nil {
		return fmt.Errorf("set up %d legs: %w", w.Legs, err)
	}
	for leg, end := range ends {
		s, err := r.voices.of(w, leg, end.PayloadType, end.LevelID)
		if err != nil {
			return err
		}
		// Two who say the same do not say it at the same time.
		if err := l.Aim(leg, end.Address, s, 37*leg); err != nil {
			return err
		}
		switch {
		case !w.Secure || end.Key == srtp.Master{}: // plain, as who has no SRTP
		default:
			if err := l.Secure(leg, layout.Keys[leg], end.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// used is what a server used in the time that counts.
type used struct {
	meter.Spent
	busy float64
	late Lateness
}

// count runs the load, and reads the server's processor time when the time begins that
// counts and when it ends, on the load's own thread: any other may be kept waiting by what
// else the machine does.
func (r *Runner) count(ctx context.Context, instance peers.Instance, l *load.Load, w *Workload, plan load.Plan) (*load.Result, used, error) {
	_, early, err := lateness(ctx, instance)
	if err != nil {
		return nil, used{}, err
	}
	var result *load.Result
	spent, err := meter.Timed(r.Log, instance.PID(), r.Core, l.Clock(), func(at func()) (err error) {
		result, err = l.Run(ctx, plan, w.Marks, at)
		return err
	})
	if err != nil {
		return nil, used{}, err
	}
	u := used{Spent: *spent}
	var late Lateness
	if u.busy, late, err = lateness(ctx, instance); err != nil {
		return nil, used{}, err
	}
	u.late = late.since(early)
	return result, u, nil
}

// perLeg is the processor time for a leg in 20 ms.
func perLeg(cpu, in time.Duration, legs int) time.Duration {
	return cpu * load.Frame / max(in, 1) / time.Duration(legs)
}
