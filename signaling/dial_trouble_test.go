package signaling_test

import (
	"testing"
	"testing/synctest"

	"github.com/skygenesisenterprise/skybridge/signaling"
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
				ok(t, from.Run(t.Context(), func() {
					h.Engine.Dial(from.Live(), signaling.DialPlan{
						Targets: []signaling.Target{target("answers"), target("rings")}, From: from,
						Notify: func(_ *signaling.Channel, s signaling.ChannelSnapshot) {
							if ca.when(s) {
								panic("broken")
							}
						},
					})
				}))
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

// A party that cannot be followed is out; the others may answer still.
func TestAPanicWhileFollowingAPartyCostsThatParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		for _, name := range []string{"answers", "rings"} {
			h.Tech.Endpoint(name, called[name])
		}
		r := h.Engine.Dial(t.Context(), signaling.DialPlan{
			Targets: []signaling.Target{target("answers"), target("rings")},
			Notify: func(c *signaling.Channel, s signaling.ChannelSnapshot) {
				if s.Endpoint == "rings" && s.State == signaling.Ringing {
					c.Break()
				}
			},
		})
		if r.Status != signaling.DialAnswer || r.Target != target("answers") {
			t.Errorf("result %+v", r)
		}
		synctest.Wait()
		if left := h.Engine.Channels(); len(left) != 1 || left[0].ID != r.Channel.ID() {
			t.Errorf("channels are left: %+v", left)
		}
		if h.Log.Count("panic in a dialled party's call") != 1 {
			t.Errorf("log:\n%s", h.Log)
		}

		// With nobody else the dialling is over.
		r = h.Engine.Dial(t.Context(), signaling.DialPlan{
			Targets: []signaling.Target{target("rings")},
			Notify: func(c *signaling.Channel, s signaling.ChannelSnapshot) {
				if s.State == signaling.Ringing {
					c.Break()
				}
			},
		})
		if r.Channel != nil || r.Cause != signaling.CauseTemporary {
			t.Errorf("result %+v", r)
		}
	})
}
