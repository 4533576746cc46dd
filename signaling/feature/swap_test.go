package feature_test

import (
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// swapped is a transferer that asks 1003, and has gone back to who waits meanwhile.
func swapped(t *testing.T, byCaller bool) (*rig, side, *signaltest.Leg) {
	t.Helper()
	r := newRig(t)
	s := r.side(byCaller)
	third := r.inquires(s)
	press(s.leg, "*4")
	r.together("1001", "1002")
	r.together("1003")
	r.hears(s.otherLeg, s.me.Snapshot().Endpoint)
	return r, s, third
}

// The transferer goes back and forth between the two, and does with them what it could before.
func TestSwap(t *testing.T) {
	for name, then := range map[string]func(r *rig, s side, third *signaltest.Leg){
		"and back": func(r *rig, s side, third *signaltest.Leg) {
			press(s.leg, "*4")
			r.together(s.me.Snapshot().Endpoint, "1003")
			r.hears(third, s.me.Snapshot().Endpoint)
			press(s.leg, "*4")
			r.together("1001", "1002")
		},
		"puts through": func(r *rig, s side, third *signaltest.Leg) {
			press(s.leg, "*2")
			r.Gone(s.me)
			r.together(s.name, "1003")
			r.hears(third, s.name)
		},
		"hangs up": func(r *rig, s side, third *signaltest.Leg) {
			s.leg.End(signaling.CauseNormal, true)
			r.Gone(s.me)
			r.together(s.name, "1003")
			r.hears(s.otherLeg, "1003")
		},
		"comes back": func(r *rig, s side, third *signaltest.Leg) {
			press(s.leg, "*1")
			signaltest.Receive(r.T, "the end of the target's call", third.Hung())
			r.together("1001", "1002")
		},
		"all three": func(r *rig, s side, _ *signaltest.Leg) {
			press(s.leg, "*3")
			r.together("1001", "1002", "1003")
		},
		"target hangs up": func(r *rig, s side, third *signaltest.Leg) {
			third.End(signaling.CauseNormal, true)
			r.Eventually("the target is gone", func() bool { return len(r.Engine.Channels()) == 2 })
			r.together("1001", "1002")
		},
		"who waits hangs up": func(r *rig, s side, third *signaltest.Leg) {
			s.otherLeg.End(signaling.CauseNormal, true)
			r.Gone(s.other)
			r.together(s.me.Snapshot().Endpoint, "1003")
			s.leg.End(signaling.CauseNormal, true)
			signaltest.Receive(r.T, "the end of the target's call", third.Hung())
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothSides(t, func(t *testing.T, byCaller bool) {
				r, s, third := swapped(t, byCaller)
				then(r, s, third)
			})
		})
	}
}

// Who hangs up while on the way to who waits, leaves the two to each other nevertheless.
func TestSwapHungUp(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		third := r.inquires(s)
		var once sync.Once
		var hung bool
		// A filter is asked on the channel's own goroutine, as it comes in: the end is next there.
		sub := r.Engine.Bus().Subscribe(1, func(e *event.Event) bool {
			if e.Type == event.ChannelEnteredBridge && e.Channel == string(s.me.ID()) {
				once.Do(func() { hung = true; s.leg.End(signaling.CauseNormal, true) })
			}
			return false
		})
		defer sub.Close()
		press(s.leg, "*4")
		r.Gone(s.me)
		if !hung {
			t.Error("hung up by nobody")
		}
		r.together(s.name, "1003")
		r.hears(third, s.name)
	})
}
