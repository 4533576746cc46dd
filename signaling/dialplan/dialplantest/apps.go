package dialplantest

import (
	"context"
	"fmt"
	"strings"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan/argument"
)

// Apps are applications for plans of tests: some of the server's by name only, and
// Panic, Fail, Block and Sub.
func Apps() []dialplan.Application {
	return []dialplan.Application{
		{Name: "Answer", Run: nothing},
		{Name: "Playback", Run: nothing},
		{Name: "AGI", Run: nothing},
		{Name: "Stasis", Run: stasis},
		{Name: "Dial", Run: dial},
		{Name: "Panic", Run: func(context.Context, *dialplan.Call, string) error { panic("on purpose") }},
		{Name: "Fail", Run: fail},
		{Name: "Block", Run: block},
		{Name: "Sub", Run: sub},
	}
}

func nothing(context.Context, *dialplan.Call, string) error { return nil }

func stasis(_ context.Context, c *dialplan.Call, _ string) error {
	c.Channel().SetVar("STASISSTATUS", "FAILED")
	return nil
}

// dial sets the DIALSTATUS of Dial(status/STATUS).
func dial(_ context.Context, c *dialplan.Call, args string) error {
	if status, ok := strings.CutPrefix(args, "status/"); ok {
		c.Channel().SetVar("DIALSTATUS", status)
	}
	return nil
}

func fail(context.Context, *dialplan.Call, string) error {
	return fault.New(fault.Unavailable, "on purpose")
}

func block(ctx context.Context, _ *dialplan.Call, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

// sub is Sub(context,exten[,arguments]); SUBRESULT is what came of it.
func sub(ctx context.Context, c *dialplan.Call, args string) error {
	parts := argument.Split(args, 0)
	to := dialplan.Position{Context: argument.At(parts, 0), Exten: argument.At(parts, 1), Priority: 1}
	v, err := c.Sub(ctx, to, parts[min(2, len(parts)):])
	c.Channel().SetVar("SUBRESULT", fmt.Sprintf("%s/%v", v, err))
	return nil
}
