package pickup_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/app/pickup"
	"github.com/skygenesisenterprise/skybridge/signaling/callgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const plan = `[internal]
exten => 500,1,Set(_PICKUPMARK=front)
 same => n,Dial(Test/1002)
exten => 501,1,Dial(Test/1002,,U(screen))
 same => n,Note(not put through)
exten => _**X.,1,Pickup(${EXTEN:2})
 same => n,Note(nothing ${EXTEN})
exten => *8,1,Pickup()
 same => n,Note(nothing ${EXTEN})
exten => 1,1,Pickup(1002@internal)
exten => 2,1,Pickup(1002@elsewhere&FRONT@PICKUPMARK)
exten => 7,1,Goto(elsewhere,2,1)
exten => 3,1,Pickup(back@PICKUPMARK)
 same => n,Note(nothing ${EXTEN})
exten => 4,1,PickupChan(Test/1002,p)
exten => 5,1,Pickup(1002@elsewhere&500@elsewhere)
 same => n,Note(nothing ${EXTEN})
exten => 6,1,Goto(elsewhere,1,1)
[elsewhere]
exten => 1,1,Pickup(1002)
 same => n,Note(nothing 6)
exten => 2,1,Pickup(1002@internal)
[screen]
exten => s,1,Set(GOSUB_RESULT=CONTINUE)
 same => n,Return()
`

// rig is a house in which 1001 calls 1002, which rings. 1003 may pick up 1002's calls, 1004
// may not.
type rig struct {
	*apptest.Rig
	desk   *pickup.Desk
	caller *signaling.Channel
	callee *signaltest.Leg
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigAt(t, "500")
}

func newRigAt(t *testing.T, exten string) *rig {
	t.Helper()
	codec := g711.MuLaw()
	r := &rig{}
	r.Rig = apptest.New(t, signaltest.NewMixer(t, media.Codecs{codec}...), plan, func(a *apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
		r.desk = &pickup.Desk{Engine: a.Engine, Groups: func(name string) (calls, pickups callgroup.Groups) {
			return callgroup.Groups{Names: []string{map[string]string{"1002": "sales"}[name]}},
				callgroup.Groups{Names: map[string][]string{"1003": {"sales"}, "1004": {"desk"}}[name]}
		}}
		return r.desk.Applications(), nil
	})
	e := r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
	r.caller = r.Run(r.Leg("1001", r.Phone(codec, 0), signaltest.Script{}), exten)
	r.callee = e.Leg(t)
	r.Until(r.caller, "ringing shown", func(s signaling.ChannelSnapshot) bool { return s.Connected.Number == "1002" })
	return r
}

// picks has a phone dial an extension.
func (r *rig) picks(name, exten string) *signaling.Channel {
	return r.Run(r.Leg(name, r.Phone(g711.MuLaw(), 0), signaltest.Script{Answer: func(l *signaltest.Leg) { l.Answered() }}), exten)
}

func talks(s signaling.ChannelSnapshot) bool { return s.Bridge != "" }

func TestACallIsPickedUp(t *testing.T) {
	for _, exten := range []string{"**1002", "**500", "*8", "1", "2", "4", "7"} {
		t.Run(exten, func(t *testing.T) {
			r := newRig(t)
			me := r.picks("1003", exten)
			r.Until(me, "talking", talks)
			if got := signaltest.Receive(t, "the end of the ringing", r.callee.Hung()); got != signaling.CauseAnsweredElse {
				t.Errorf("hung up with %d", got)
			}
			r.Until(r.caller, "talking", talks)
			if s := r.caller.Snapshot(); s.Connected.Number != "1003" || s.Bridge != me.Snapshot().Bridge {
				t.Errorf("the caller talks to %v", s.Connected)
			}
			if s := me.Snapshot(); s.Connected.Number != "1001" {
				t.Errorf("who picked up talks to %v", s.Connected)
			}
			r.caller.Hangup(signaling.CauseNormal)
			r.Gone(me)
			r.Gone(r.caller)
		})
	}
}

func TestNothingIsPickedUp(t *testing.T) {
	r := newRig(t)
	for _, ca := range []struct{ who, exten string }{{"1003", "**1009"}, {"1004", "*8"}, {"1003", "3"}, {"1003", "5"}, {"1003", "6"}} {
		me := r.picks(ca.who, ca.exten)
		r.Note("nothing " + ca.exten)
		if s := r.Gone(me); !s.Answered.IsZero() {
			t.Errorf("%s %s was answered", ca.who, ca.exten)
		}
	}
	// By pickupexten: a call that picks up nothing is refused.
	me := r.Call(r.Leg("1004", nil, signaltest.Script{}))
	if err := r.desk.Run(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	if s := r.Gone(me); s.Cause != signaling.CauseRejected {
		t.Errorf("ended with %d", s.Cause)
	}
	r.caller.Hangup(signaling.CauseNormal)
	if got := signaltest.Receive(t, "the end of the ringing", r.callee.Hung()); got != signaling.CauseNormal {
		t.Errorf("hung up with %d", got)
	}
	r.Gone(r.caller)
}

// Of two who pick up at one time, or one who does while the phone answers, one has the
// call; the other is told, and nobody stays behind.
func TestPickUpRaces(t *testing.T) {
	for range 20 {
		r := newRig(t)
		one, two := r.picks("1003", "**1002"), r.picks("1003", "*8")
		r.callee.Answered()
		r.Until(r.caller, "talking", talks)
		bridge := r.caller.Snapshot().Bridge
		r.Eventually("all but the winner have lost", func() bool {
			in := 0
			for _, c := range []*signaling.Channel{one, two} {
				s := c.Snapshot()
				if s.Bridge == bridge {
					in++
				} else if !s.Ended {
					return false
				}
			}
			return in <= 1
		})
		r.caller.Hangup(signaling.CauseNormal)
		r.Gone(one)
		r.Gone(two)
		r.Gone(r.caller)
		close(r.Notes)
		for note := range r.Notes {
			if !strings.HasPrefix(note, "nothing ") {
				t.Errorf("note %q", note)
			}
		}
	}
}

// Who picked up a call that is not put through to it is not left in silence.
func TestPickedUpAndNotPutThrough(t *testing.T) {
	r := newRigAt(t, "501")
	me := r.picks("1003", "**1002")
	r.Note("not put through")
	r.Gone(me)
	r.Gone(r.caller)
}

// A call that the server makes has no context of its own: the phone's counts.
func TestACallOfTheServerIsPickedUp(t *testing.T) {
	r := newRig(t)
	r.desk.Context = func(name string) string { return map[string]string{"1005": "internal", "1006": "elsewhere"}[name] }
	for name, picked := range map[string]bool{"1005": true, "1006": false, "1007": false} {
		e := r.Tech.Endpoint(name, signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
		rung, done := make(chan bool, 8), make(chan dial.Result, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // ended by cancel
			done <- dial.Do(ctx, r.Engine, dial.Plan{
				Targets: []dialstring.Target{{Tech: "Test", Resource: name}},
				Notify:  func(*signaling.Channel, signaling.ChannelSnapshot) { rung <- true },
			})
		}()
		e.Leg(t)
		signaltest.Receive(t, "its ringing", rung)
		me := r.picks("1003", "**"+name)
		if !picked {
			r.Note("nothing **" + name)
			cancel()
		}
		got := signaltest.Receive(t, "the end of the ringing", done)
		if picked {
			me.LetGo()
		}
		r.Gone(me)
		cancel()
		if (got.Channel == me) != picked {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r.caller.Hangup(signaling.CauseNormal)
	r.Gone(r.caller)
}
