package dialplantest

import (
	"context"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
)

// Inside runs f as the application of the first step of a call: extension s of context
// t. Changes are Executor's.
func Inside(t testing.TB, ch *Channel, f func(c *dialplan.Call), changes ...func(*dialplan.Options)) {
	t.Helper()
	inside := dialplan.Application{Name: "Inside", Run: func(_ context.Context, c *dialplan.Call, _ string) error {
		f(c)
		return nil
	}}
	withInside := func(o *dialplan.Options) {
		apps, err := dialplan.NewApps(o.Apps.List(), []dialplan.Application{inside})
		if err != nil {
			t.Fatal(err)
		}
		o.Apps = apps
	}
	p := Plan(t, "[t]\nexten => s,1,Inside()\n", false)
	x := Executor(t, p, append(changes, withInside)...)
	if out := x.Run(t.Context(), ch, dialplan.Position{Context: "t", Exten: "s", Priority: 1}); out.Err != nil {
		t.Error(out.Err)
	}
}
