package dialplan

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// maxSeconds bounds what an application takes as a time.
const maxSeconds = 1 << 30

// Seconds reads a number of seconds, with a fraction, as applications take it.
func Seconds(text string) (time.Duration, bool) {
	s, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(s >= 0 && s < maxSeconds) {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

// wait is Wait(seconds).
func wait(ctx context.Context, c *Call, args string) error {
	d, ok := Seconds(args)
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
	d, _ := Seconds(arg(SplitArgs(args, 2), 0))
	return c.Collect(ctx, "", d)
}
