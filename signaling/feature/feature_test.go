package feature_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/asterisk/settings"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/feature"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestBlind(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		r.asks(s, "#", "1003")
		third := r.third.Leg(t)
		third.Answered()
		if byCaller {
			r.Note("1001 after 1002 ANSWER")
		}
		r.Gone(s.me)
		r.together(s.name, "1003")
		r.hears(s.otherLeg, "1003")
		r.hears(third, s.name)
		third.End(signaling.CauseNormal, true)
		r.Note(s.name + " after 1003 ANSWER")
		r.Gone(s.other)
	})
}

func TestBlindVariables(t *testing.T) {
	r := newRig(t)
	r.callee.Vars().Set("TRANSFER_CONTEXT", "other")
	r.asks(r.side(false), "#", "600")
	r.Note("other")
	r.Gone(r.caller)

	r = newRig(t)
	name := r.callee.Name()
	r.asks(r.side(false), "#", "600")
	r.Note("1001 at 600 " + name + " " + name)
	r.Gone(r.callee)
}

// Who dials nothing that is there is back in the conversation after a few tries.
func TestBlindNowhere(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		r.asks(r.side(byCaller), "#", "22#")
		r.together("1001", "1002")
		press(r.callerLeg, "*0") // and its keys are listened to again
		r.Note("1001 after 1002 ANSWER")
		r.Gone(r.callee)
	})
}

// Keys that come as telephone-events (RFC 4733) ask for the same.
func TestTelephoneEvents(t *testing.T) {
	r := newRig(t)
	s := r.side(true)
	s.leg.Phone().Press("#")
	r.Until(s.me, "away", alone)
	s.leg.Phone().Press("1003")
	r.third.Leg(t).Answered()
	r.together(s.name, "1003")
	r.Note("1001 after 1002 ANSWER")
	r.Gone(s.me)
}

func TestHangUpByKeys(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		press(r.side(byCaller).leg, "1*0")
		r.Note("1001 after 1002 ANSWER")
		r.Gone(r.callee)
		r.Gone(r.caller)
	})
}

// The target has answered, and the transferer hangs up or says so by keys.
func TestAttended(t *testing.T) {
	for name, end := range map[string]func(l *signaltest.Leg){
		"hangs up": func(l *signaltest.Leg) { l.End(signaling.CauseNormal, true) },
		"by keys":  func(l *signaltest.Leg) { press(l, "*2") },
	} {
		t.Run(name, func(t *testing.T) {
			bothSides(t, func(t *testing.T, byCaller bool) {
				r := newRig(t)
				s := r.side(byCaller)
				third := r.inquires(s)
				end(s.leg)
				r.Gone(s.me)
				r.together(s.name, "1003")
				r.hears(s.otherLeg, "1003")
				r.hears(third, s.name)
				if v, _ := s.other.Vars().Get("ATTENDEDTRANSFER"); v != s.me.Name() {
					t.Errorf("ATTENDEDTRANSFER %q", v)
				}
				if got := s.other.Snapshot().Connected.Number; got != "1003" {
					t.Errorf("is shown %q", got)
				}
				s.otherLeg.End(signaling.CauseNormal, true)
				r.Gone(s.other)
				signaltest.Receive(t, "the end of the target's call", third.Hung())
			})
		})
	}
}

// The transferer hangs up while the target rings: who waits hears it ring, and is put through.
func TestAttendedWhileItRings(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		r.asks(s, "*2", "1003")
		third := r.third.Leg(t)
		s.leg.End(signaling.CauseNormal, true)
		r.Gone(s.me)
		third.Answered()
		r.together(s.name, "1003")
		third.End(signaling.CauseNormal, true)
		r.Gone(s.other)
	})
}

// With atxferdropcall that ends all calls.
func TestAttendedDropped(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t, func(f *settings.Features) { f.AtxferDropCall = true })
		s := r.side(byCaller)
		r.asks(s, "*2", "1003")
		third := r.third.Leg(t)
		s.leg.End(signaling.CauseNormal, true)
		signaltest.Receive(t, "the end of the ringing", third.Hung())
		r.Gone(s.me)
		r.Gone(s.other)
	})
}

// The transferer comes back: by keys, when the target does not want or hangs up, or does not
// answer in time.
func TestAttendedComesBack(t *testing.T) {
	for _, tc := range []struct {
		name    string
		in      time.Duration
		answers bool
		then    func(s side, third *signaltest.Leg)
	}{
		{"by keys", time.Hour, true, func(s side, _ *signaltest.Leg) { press(s.leg, "*1") }},
		{"target hangs up", time.Hour, true, func(_ side, third *signaltest.Leg) { third.End(signaling.CauseNormal, true) }},
		{"target is busy", time.Hour, false, func(_ side, third *signaltest.Leg) { third.End(signaling.CauseBusy, true) }},
		{"no answer", time.Millisecond, false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bothSides(t, func(t *testing.T, byCaller bool) {
				r := newRig(t, func(f *settings.Features) { f.AtxferNoAnswerTimeout = tc.in })
				s := r.side(byCaller)
				r.asks(s, "*2", "1003")
				var third *signaltest.Leg
				if tc.then != nil {
					third = r.third.Leg(t)
				}
				if tc.answers {
					third.Answered()
					r.Until(s.me, "asking", talks)
					r.Until(r.channel("1003"), "asked", answered)
				}
				if tc.then != nil {
					tc.then(s, third)
				}
				r.together("1001", "1002")
				if got := s.me.Snapshot().Connected.Number; got != s.name {
					t.Errorf("is shown %q, want %q", got, s.name)
				}
				press(r.calleeLeg, "*0")
				r.Gone(r.callee)
				r.Gone(r.caller)
			})
		})
	}
}

// All three talk, and whoever leaves first leaves the others to each other.
func TestThreeWay(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		third := r.inquires(s)
		press(s.leg, "*3")
		r.together("1001", "1002", "1003")
		s.leg.End(signaling.CauseNormal, true)
		r.Gone(s.me)
		r.together(s.name, "1003")
		third.End(signaling.CauseNormal, true)
		r.Gone(s.other)
	})
}

// Who waits may hang up: the transferer goes on with the target.
func TestWhoWaitsHangsUp(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		third := r.inquires(s)
		s.otherLeg.End(signaling.CauseNormal, true)
		r.Gone(s.other)
		r.together(s.me.Snapshot().Endpoint, "1003")
		s.leg.End(signaling.CauseNormal, true)
		signaltest.Receive(t, "the end of the target's call", third.Hung())
		r.Gone(s.me)
	})
}

// Both hang up while one of them dials.
func TestHangUpWhileDialling(t *testing.T) {
	bothSides(t, func(t *testing.T, byCaller bool) {
		r := newRig(t)
		s := r.side(byCaller)
		r.asks(s, "#", "10")
		s.leg.End(signaling.CauseNormal, true)
		r.Gone(s.me)
		r.Gone(s.other)
	})
}

// Without the options keys are nobody's.
func TestNoKeys(t *testing.T) {
	r := newRig(t)
	c := r.Run(r.Leg("1004", r.Phone(g711.MuLaw(), 0), signaltest.Script{Answer: func(l *signaltest.Leg) { l.Answered() }}), "700")
	r.Until(c, "talking", talks)
	r.Until(c, "up", up)
	if got := r.Services.Features.Listen(c, r.callee, feature.Keys{}, feature.Keys{}); got != nil {
		t.Error("it listens")
	}
}
