package bench

import (
	"context"
	"slices"
	"time"

	"github.com/skygenesisenterprise/skybridge/bench/load"
	"github.com/skygenesisenterprise/skybridge/bench/stacks"
	"github.com/skygenesisenterprise/skybridge/bench/table"
)

// costliest is how many functions are told of.
const costliest = 8

// profiles looks where Skybridge's processor time goes in each workload of which a bar is
// not met, and has the bar say so. Without perf, or where that is not permitted, that is
// said; the server has no profiler of its own.
func (c *Comparison) profiles(ctx context.Context, r *table.Report) error {
	if asked := slices.Contains(c.Only, "profile"); !asked && (c.Short || len(c.Only) > 0) {
		return nil
	}
	for _, t := range trials() {
		missed := func(b table.Bar) bool { return b.Part == t.name && b.Unmet() }
		if t.w.Browsers || !slices.ContainsFunc(r.Bars, missed) { // which pprof tells more of
			continue
		}
		w := t.w
		if n := c.legs[t.name+"/"+theSkybridge]; n > 0 {
			w = w.With(n)
		}
		folded, err := c.Runner.profile(ctx, c.contender(theSkybridge), w, load.Plan{Warm: time.Second, Measure: 4 * time.Second})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.Skipped = append(r.Skipped, "profiles: "+firstLine(err.Error()))
			return c.say("profiles: skipped: %v", err)
		}
		p := table.Profile{Workload: w.Name, Samples: folded.Samples, Places: parts(folded.Places()), Functions: parts(folded.Functions(costliest))}
		r.Profiles = append(r.Profiles, p)
		for i := range r.Bars {
			if missed(r.Bars[i]) {
				r.Bars[i].Where = p.Most()
			}
		}
		if err := c.say("%-32s profile: %s", w.Name, p.Most()); err != nil {
			return err
		}
	}
	return nil
}

func parts(shares []stacks.Share) (all []table.Part) {
	for _, s := range shares {
		all = append(all, table.Part{Name: s.Name, Of: s.Part})
	}
	return all
}
