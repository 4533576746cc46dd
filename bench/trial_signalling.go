package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/measure"
	"github.com/skygenesisenterprise/skybridge/bench/peers"
	"github.com/skygenesisenterprise/skybridge/bench/signalling"
	"github.com/skygenesisenterprise/skybridge/bench/table"
	"github.com/skygenesisenterprise/skybridge/bench/traffic"
)

// Signalling measures, in turn, how many registrations and calls a second Skybridge and
// Asterisk carry out on one core. An Asterisk that cannot be had is said, and left out.
func (c *Comparison) Signalling(ctx context.Context, work []signalling.Work, rounds int, each time.Duration) (*table.Report, error) {
	if c.began.IsZero() {
		c.began = time.Now()
	}
	if c.skipped == nil {
		c.skipped = make(map[string]string)
	}
	if c.Asterisk == "" {
		c.skipped[theAsterisk] = "not asked for"
	}
	r := &table.Report{Machine: machine(), Version: c.Version, Date: c.began.Format("2 January 2006"), Partial: true}
	bars, err := c.signalled(ctx, r, work, rounds, load.Plan{Warm: 1500 * time.Millisecond, Measure: each})
	if err != nil {
		return nil, err
	}
	r.Bars = bars
	for who, why := range c.skipped {
		r.Skipped = append(r.Skipped, who+": "+firstLine(why))
	}
	return r, nil
}

// signalling is the part of the whole comparison that Signalling is by itself.
func (c *Comparison) signalling(ctx context.Context, r *table.Report) ([]table.Bar, error) {
	work := []signalling.Work{signalling.Registrations(false), signalling.Registrations(true), signalling.SetUps(false), signalling.SetUps(true)}
	plan := c.plan()
	if !c.Short {
		plan.Measure = 4 * time.Second
	}
	return c.signalled(ctx, r, work, c.rounds(), plan)
}

// signalled measures works, and what is left of those that leave something.
func (c *Comparison) signalled(ctx context.Context, r *table.Report, work []signalling.Work, rounds int, plan load.Plan) ([]table.Bar, error) {
	bars, err := c.paces(ctx, r, work, rounds, plan)
	if err != nil {
		return nil, err
	}
	for _, w := range work {
		if w.Kind == traffic.Register {
			if err := c.phones(ctx, r, w); err != nil {
				return nil, err
			}
		}
	}
	return bars, nil
}

// phones measures what a registered phone adds to Skybridge.
func (c *Comparison) phones(ctx context.Context, r *table.Report, w signalling.Work) error {
	const few, rest = 16, 35 * time.Second
	if err := c.say("%-36s %-10s what stays is known in %v", w.Name, theSkybridge, rest); err != nil {
		return err
	}
	s, err := signalling.Runner{Core: c.Runner.Core, Log: c.Runner.Log}.Stays(ctx, c.contender(theSkybridge), w, few, w.Accounts, rest)
	if err != nil {
		return err
	}
	r.Standing = append(r.Standing, table.Standing{
		What: "a registered phone", Server: s.Contender, Few: s.Few, Many: s.Many,
		Held: s.Held, Resident: s.Resident, Goroutines: s.Goroutines, Descriptors: s.Descriptors,
	})
	return nil
}

func (c *Comparison) paces(ctx context.Context, r *table.Report, work []signalling.Work, rounds int, plan load.Plan) (bars []table.Bar, err error) {
	for _, w := range work {
		paces := make(map[string][]*signalling.Pace)
		for range rounds {
			for _, who := range []string{theSkybridge, theAsterisk} {
				p, err := c.pace(ctx, who, w, plan)
				if err != nil {
					return nil, err
				}
				if p != nil {
					paces[who] = append(paces[who], p)
				}
			}
		}
		bars = append(bars, c.paceBars(w, paces)...)
		for _, who := range []string{theSkybridge, theAsterisk} {
			if len(paces[who]) > 0 {
				r.Rates = append(r.Rates, rateOf(w, who, paces[who]))
			}
		}
	}
	return bars, nil
}

// pace is one run, once more if something was in the way of it; nil of who cannot be had.
func (c *Comparison) pace(ctx context.Context, who string, w signalling.Work, plan load.Plan) (best *signalling.Pace, err error) {
	if c.skipped[who] != "" {
		return nil, nil //nolint:nilnil // said before
	}
	for range 2 {
		p, err := signalling.Runner{Core: c.Runner.Core, Log: c.Runner.Log}.Signal(ctx, c.contender(who), w, plan)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && who == theSkybridge:
			return nil, err
		case err != nil:
			if errors.Is(err, peers.ErrUnavailable) {
				c.skipped[who] = err.Error()
			}
			return nil, c.say("%s, %s: skipped: %v", w.Name, who, err)
		}
		if err := c.say("%-36s %-10s %6.0f a second, %6.0f for a whole core (%5.1f µs each, %2.0f %% busy), p50 %v p99 %v, %d failed, %d refused, %d sent again, client %2.0f %% %s",
			w.Name, who, p.Rate(), p.Core(), microseconds(p.Each()), 100*p.Busy(), p.Took.Quantile(0.5), p.Took.Quantile(0.99), p.Failed, p.Refused, p.Repeated, 100*p.Client, p.Doubt()); err != nil {
			return nil, err
		}
		if best == nil || p.Doubt() == "" {
			best = p
		}
		if p.Doubt() == "" {
			break
		}
	}
	return best, nil
}

// medianOf is the median of something of several runs.
func medianOf(paces []*signalling.Pace, of func(*signalling.Pace) float64) float64 {
	var values []float64
	for _, p := range paces {
		values = append(values, of(p))
	}
	return measure.Median(values)
}

// paceBars hold Skybridge against Asterisk: by the processor time of each, which what else
// the machine does spoils little, and by the clock.
func (c *Comparison) paceBars(w signalling.Work, paces map[string][]*signalling.Pace) []table.Bar {
	cost := func(p *signalling.Pace) float64 { return microseconds(p.Each()) }
	ours, theirs := paces[theSkybridge], paces[theAsterisk]
	third := 1. / 3
	bars := []table.Bar{
		compared(w.Name, "processor time ≤ 1/3 of Asterisk's", medianOf(ours, cost), medianOf(theirs, cost), third, c.skipped[theAsterisk]),
		compared(w.Name, "≥ 3 × as many a second: theirs ÷ ours ≤ 1/3", medianOf(theirs, (*signalling.Pace).Rate), medianOf(ours, (*signalling.Pace).Rate), third, c.skipped[theAsterisk]),
	}
	for i := range bars {
		bars[i].Part = "signalling"
		for _, p := range append(ours[:len(ours):len(ours)], theirs...) {
			if why := p.Doubt(); why != "" {
				bars[i].Invalid = cmp.Or(bars[i].Invalid, p.Contender+": "+why)
			}
		}
	}
	return bars
}

func rateOf(w signalling.Work, who string, paces []*signalling.Pace) table.Rate {
	r := table.Rate{
		Work: w.Name, Server: who, Runs: len(paces), Together: w.Together,
		Rate: medianOf(paces, (*signalling.Pace).Rate), Core: medianOf(paces, (*signalling.Pace).Core), Busy: medianOf(paces, (*signalling.Pace).Busy),
		Each: time.Duration(medianOf(paces, func(p *signalling.Pace) float64 { return float64(p.Each()) })),
	}
	var all measure.Histogram
	for _, p := range paces {
		r.Done, r.Failed = r.Done+p.Done, r.Failed+p.Failed+p.Refused
		all.Merge(&p.Took)
		r.Note = cmp.Or(r.Note, p.Doubt())
	}
	r.Middle, r.Tail = all.Quantile(0.5), all.Quantile(0.99)
	if r.Failed > 0 && r.Note == "" {
		r.Note = fmt.Sprintf("%d of %d failed", r.Failed, r.Done+r.Failed)
	}
	return r
}
