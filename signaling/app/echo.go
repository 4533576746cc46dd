package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// echo is Echo(): the caller hears itself until it presses # or hangs up.
// Asterisk's own leaves a caller unanswered that way, who then hears nothing.
func (s *Services) echo(ctx context.Context, c *dialplan.Call, _ string) error {
	ch := channelOf(c)
	if !c.Strict() {
		if err := ch.Answer(ctx); err != nil {
			return err
		}
	}
	if err := ch.Echo(ctx, true); err != nil {
		return err
	}
	defer func() {
		if err := ch.Echo(context.WithoutCancel(ctx), false); err != nil && fault.Of(err) != fault.Gone {
			c.Log().Warn("echo not ended", "err", err)
		}
	}()
	for {
		select {
		case d := <-ch.Digits():
			if d == '#' {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
