package ringgroup

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
)

// Ring rings the group as its strategy says, until somebody answers, all have been tried,
// its time or that of the plan is up, or ctx ends. plan is what package dial is to do for the
// members; its Targets are the group's to choose. Who does not want to be disturbed is busy.
func (g *Group) Ring(ctx context.Context, engine *signaling.Engine, plan dial.Plan) dial.Result {
	begin := engine.Now()
	limit := g.Total
	if plan.Timeout > 0 {
		limit = min(limit, plan.Timeout)
	}
	plan.Caller = g.shown(plan.Caller)
	free := g.free(engine, plan.From)
	result := dial.Result{Status: dial.Busy, Cause: signaling.CauseBusy}
	if g.Strategy == All {
		if plan.Targets, plan.Timeout = free, limit; len(free) > 0 {
			result = dial.Do(ctx, engine, plan)
		}
	} else {
		result = g.inTurn(ctx, engine, plan, free, limit)
	}
	result.Rang = engine.Now().Sub(begin)
	return result
}

// shown is what the members see of a caller.
func (g *Group) shown(caller signaling.CallerID) signaling.CallerID {
	if g.Prefix != "" {
		caller.Name = strings.TrimSpace(g.Prefix + " " + caller.Name)
	}
	return caller
}

// inTurn rings one after another.
func (g *Group) inTurn(ctx context.Context, engine *signaling.Engine, plan dial.Plan, free []dialstring.Target, limit time.Duration) dial.Result {
	end := engine.Now().Add(limit)
	best := dial.Result{Status: dial.Busy, Cause: signaling.CauseBusy}
	if g.Strategy == Random {
		rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	}
	for i, t := range free {
		left := end.Sub(engine.Now())
		if left <= 0 {
			break
		}
		if plan.Heir != nil {
			if heir := plan.Heir(); heir != nil {
				plan.From, plan.Caller = heir, g.shown(heir.Snapshot().Caller)
			}
		}
		plan.Targets, plan.Timeout = []dialstring.Target{t}, min(g.RingTime, left)
		r := dial.Do(ctx, engine, plan)
		if r.Channel != nil || r.Status == dial.Cancel || ctx.Err() != nil {
			return r
		}
		if i == 0 || r.Status.Rank() > best.Status.Rank() {
			best = r
		}
	}
	return best
}

// free are the members to ring, a copy. Who calls the group is not rung.
func (g *Group) free(engine *signaling.Engine, from *signaling.Channel) []dialstring.Target {
	talking := make(map[string]bool)
	if from != nil {
		talking[strings.ToLower(from.Snapshot().Endpoint)] = true
	}
	if g.SkipBusy {
		for _, s := range engine.Channels() {
			if !s.Ended {
				talking[strings.ToLower(s.Endpoint)] = true
			}
		}
	}
	out := make([]dialstring.Target, 0, len(g.targets))
	for _, t := range g.targets {
		if t.Number() != t.Resource || !talking[strings.ToLower(t.Resource)] { // a trunk is never busy
			out = append(out, t)
		}
	}
	return out
}
