package dialplantest

import (
	"context"
	"errors"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Inside runs f as the application of the first step of a call: extension s of context
// t. change is Executor's.
func Inside(ch *Channel, change func(*dialplan.Options), f func(c *dialplan.Call)) error {
	p, err := Plan("[t]\nexten => s,1,Inside()\n", false)
	if err != nil {
		return err
	}
	inside := dialplan.Application{Name: "Inside", Run: func(_ context.Context, c *dialplan.Call, _ string) error {
		f(c)
		return dialplan.ErrHangup
	}}
	var bad error
	x, err := Executor(p, func(o *dialplan.Options) {
		o.Apps, bad = dialplan.NewApps(o.Apps.List(), []dialplan.Application{inside})
		if change != nil {
			change(o)
		}
	})
	if err := errors.Join(bad, err); err != nil {
		return err
	}
	return x.Run(context.Background(), ch, dialplan.Position{Context: "t", Exten: "s", Priority: 1}).Err
}
