package app

import (
	"context"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// echo is Echo(): the caller hears itself until it presses # or hangs up.
func (s *Services) echo(ctx context.Context, c *dialplan.Call, _ string) error {
	ch := channelOf(c)
	if err := ch.Answer(ctx); err != nil {
		return err
	}
	if err := ch.Echo(ctx, true); err != nil {
		return err
	}
	for {
		select {
		case d := <-ch.Digits():
			if d == '#' {
				return ch.Echo(ctx, false)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
