package app_test

import (
	"fmt"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A plan reads its channel and changes what can be changed of it; what it tells the
// caller before the answer reaches the leg.
func TestChannelOfAPlan(t *testing.T) {
	virtual(t, func(t *testing.T, r *rig) {
		l := r.Leg("1001", nil, signaltest.Script{})
		c := r.run(l, "channel")
		s := c.Snapshot()
		r.note(
			fmt.Sprintf("%s %s %s %s", s.Name, s.ID, s.LinkedID, s.ID),
			"Ring Test en <> 1001", // as it came: s may already be what the plan made of it
			"channel s <> "+s.ProtocolID+" <>",
			"fr acc Ring",
			`"Bob" <7>`,
			"Ring", "Ring",
		)
		if s := r.Gone(c); s.Language != "fr" || s.AccountCode != "acc" || s.Caller.Name != "Bob" || s.Caller.Number != "7" {
			t.Errorf("ended as %+v", s)
		}
		r.noMore()
		told(t, l, "Start", "Ring", "Progress", "Hangup")
	})
}
