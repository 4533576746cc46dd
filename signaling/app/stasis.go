package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// stasis is Stasis(app[,args...]). STASISSTATUS is FAILED when nothing listens
// as app, and the plan goes on.
func (s *Services) stasis(ctx context.Context, c *dialplan.Call, args string) error {
	parts := dialplan.SplitArgs(args, 0)
	if len(parts) == 0 || parts[0] == "" {
		return fault.New(fault.Invalid, "Stasis without an application")
	}
	c.Channel().SetVar("STASISSTATUS", "")
	err := s.Stasis.Enter(ctx, parts[0], channelOf(c), parts[1:])
	switch {
	case err == nil:
		c.Channel().SetVar("STASISSTATUS", "SUCCESS")
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		channelOf(c).Log().Warn("Stasis failed", "app", parts[0], "err", err)
		c.Channel().SetVar("STASISSTATUS", "FAILED")
		return nil
	}
}
