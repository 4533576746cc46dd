package dialplan

import (
	"context"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// wait is Wait(seconds).
func wait(ctx context.Context, c *Call, args string) error {
	d, ok := argument.Seconds(args)
	if !ok {
		c.warn("Wait without a number of seconds", "args", args)
		return nil
	}
	return sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waitExten is WaitExten([seconds[,options]]).
func waitExten(ctx context.Context, c *Call, args string) error {
	d, _ := argument.Seconds(argument.At(argument.Split(args, 2), 0))
	return c.Collect(ctx, "", d)
}
