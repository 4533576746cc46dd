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

// waitExten is WaitExten([seconds[,options]]). When no digit comes the call goes on at
// the next priority, and where there is none, at t.
func waitExten(ctx context.Context, c *Call, args string) error {
	d, _ := argument.Seconds(argument.At(argument.Split(args, 2), 0))
	if dialled, err := c.collect(ctx, "", d); err != nil || dialled {
		return err
	}
	next := c.at
	next.Priority++
	if _, ok := c.find(next); ok {
		return nil
	}
	return c.timedOut()
}
