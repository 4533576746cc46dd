package signaling_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A party that cannot be followed is out; the others may answer still.
func TestAPanicWhileFollowingAPartyCostsThatParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		h.Tech.Endpoint("answers", signaltest.Endpoint{Script: signaltest.Script{Start: func(l *signaltest.Leg) {
			l.Ringing()
			time.AfterFunc(3*time.Second, l.Answered)
		}}})
		h.Tech.Endpoint("rings", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
		r := dial.Do(t.Context(), h.Engine, dial.Plan{
			Targets: []dialstring.Target{target("answers"), target("rings")},
			Notify: func(c *signaling.Channel, s signaling.ChannelSnapshot) {
				if s.Endpoint == "rings" && s.State == signaling.Ringing {
					c.Break()
				}
			},
		})
		if r.Status != dial.Answer || r.Target != target("answers") {
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
		r = dial.Do(t.Context(), h.Engine, dial.Plan{
			Targets: []dialstring.Target{target("rings")},
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
