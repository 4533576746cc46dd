package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// stasis is Stasis(app[,args...]). STASISSTATUS is FAILED when nothing listens
// as app, and the plan goes on.
func (s *Services) stasis(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 0)
	name := argument.At(parts, 0)
	if name == "" {
		return fault.New(fault.Invalid, "Stasis without an application")
	}
	c.Channel().SetVar("STASISSTATUS", "")
	at, err := s.Stasis.Enter(ctx, name, channelOf(c), parts[1:])
	status := "SUCCESS"
	switch {
	case channelOf(c).Ended():
		err = dialplan.ErrHangup
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil:
		c.Log().Warn("Stasis failed", "app", name, "err", err)
		status, err = "FAILED", nil
	case at != dialplan.Position{}:
		c.Goto(at)
	}
	c.Channel().SetVar("STASISSTATUS", status)
	return err
}
