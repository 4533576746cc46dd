package app

import (
	"context"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
)

// ringGroup is RingGroup(number[,options]): Dial of the group, with Dial's options and
// variables. When nobody answers the call is sent on to the group's fallback extension in the
// caller's context, and goes on in the plan where it has none; a call that a group has sent on
// before ends there, as forwards in a circle do. A number that is no group's ends the call as
// one that nobody has.
func (s *Services) ringGroup(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 2)
	number := strings.TrimSpace(argument.At(parts, 0))
	g, err := s.Groups.Group(number)
	if err != nil {
		c.Log().Info("RingGroup: nobody is dialled", "err", err)
		c.Channel().SetVar("DIALSTATUS", string(dial.Unavailable))
		c.Channel().SetHangupCause(int(signaling.CauseUnallocated))
		return dialplan.ErrHangup
	}
	err = s.dial(ctx, c, ringgroup.Tech+"/"+g.Number+",,"+argument.At(parts, 1))
	status, _ := c.Channel().Var("DIALSTATUS")
	if err != nil || g.Fallback == "" || status == string(dial.Answer) {
		return err
	}
	why := party.NoAnswer
	if status == string(dial.Busy) {
		why = party.Busy
	}
	ch := channelOf(c)
	way, err := ch.Snapshot().Redirecting.Forward(party.ID{Name: g.Name, Number: g.Number}, party.ID{Number: g.Fallback}, why)
	if err != nil {
		c.Log().Info("RingGroup: not sent on", "err", err)
		c.Channel().SetHangupCause(int(signaling.CauseOf(err)))
		return dialplan.ErrHangup
	}
	ch.SetRedirecting(way)
	return c.GotoTarget(g.Fallback + ",1")
}

// isGroup reports whether a target is a ring group.
func isGroup(t dialstring.Target) bool { return strings.EqualFold(t.Tech, ringgroup.Tech) }

// dialAll rings the targets of a plan at once, or the one group that it names.
func (s *Services) dialAll(ctx context.Context, plan dial.Plan) dial.Result {
	for _, t := range plan.Targets {
		if !isGroup(t) {
			continue
		}
		if len(plan.Targets) > 1 {
			err := fault.New(fault.Invalid, "%s is dialled beside others; a group is dialled alone", t)
			plan.Log.Warn("nobody is dialled", "err", err)
			return dial.Result{Status: dial.Unavailable, Cause: signaling.CauseInvalidNumber, Err: err}
		}
		g, err := s.Groups.Group(t.Resource)
		if err != nil {
			plan.Log.Info("nobody is dialled", "err", err)
			return dial.Result{Status: dial.Unavailable, Cause: signaling.CauseUnallocated, Err: err}
		}
		return g.Ring(ctx, s.Engine, plan)
	}
	return dial.Do(ctx, s.Engine, plan)
}
