package dial_test

import (
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A panic while a call is being dialled ends it: nobody rings on.
func TestAPanicWhileDiallingHangsUpEverybody(t *testing.T) {
	for _, ca := range []struct {
		name string
		when func(signaling.ChannelSnapshot) bool
	}{
		{"at the first word", func(signaling.ChannelSnapshot) bool { return true }},
		{"while it rings", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Ringing }},
		{"at the answer", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up }},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := signaltest.New(t, nil)
				for _, name := range []string{"answers", "rings"} {
					h.Tech.Endpoint(name, called[name])
				}
				from := h.Call(h.Leg("1001", nil, signaltest.Script{}))
				other := h.Call(h.Leg("1002", nil, signaltest.Script{}))
				err := from.Run(t.Context(), func() {
					dial.Do(from.Live(), h.Engine, dial.Plan{
						Targets: []dialstring.Target{target("answers"), target("rings")}, From: from,
						Notify: func(_ *signaling.Channel, s signaling.ChannelSnapshot) {
							if ca.when(s) {
								panic("broken")
							}
						},
					})
				})
				if err != nil {
					t.Fatal(err)
				}
				if s := h.Gone(from); s.Cause != signaling.CauseTemporary {
					t.Errorf("the caller ended with %d", s.Cause)
				}
				synctest.Wait()
				if left := h.Engine.Channels(); len(left) != 1 || left[0].ID != other.ID() {
					t.Errorf("channels are left: %+v", left)
				}
				if h.Log.Count("panic in a call's program") != 1 {
					t.Errorf("log:\n%s", h.Log)
				}
			})
		})
	}
}
