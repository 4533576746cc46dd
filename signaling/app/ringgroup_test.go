package app_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/app/apptest"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/ringgroup"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

const groupPlan = `[internal]
exten => _8XXX,1,RingGroup(${EXTEN})
 same => n,Note(nobody ${DIALSTATUS})
exten => 1,1,Dial(RingGroup/8000,5,g)
 same => n,Note(dial ${DIALSTATUS})
exten => 2,1,Dial(RingGroup/8000&Test/1001)
exten => 700,1,Note(fallback ${DIALSTATUS})
exten => h,1,Note(h ${DIALSTATUS} ${HANGUPCAUSE})
`

// A group is rung by its application and as a target of Dial, and who does not answer is
// gone round.
func TestRingGroup(t *testing.T) {
	mix := signaltest.NewMixer(t, testCodecs()...)
	for _, ca := range []struct {
		name, exten string
		group       ringgroup.Group
		notes       []string
	}{
		{"nobody", "8000", ringgroup.Group{Members: []string{"Test/busy"}}, []string{"nobody BUSY", "h BUSY 17"}},
		{"fallback", "8000", ringgroup.Group{Members: []string{"Test/busy"}, Fallback: "700"}, []string{"fallback BUSY", "h BUSY 17"}},
		{"no such group", "8001", ringgroup.Group{Members: []string{"Test/busy"}}, []string{"h CHANUNAVAIL 1"}},
		{"as a target", "1", ringgroup.Group{Members: []string{"Test/busy"}}, []string{"dial BUSY", "h BUSY 17"}},
		{"as one of two targets", "2", ringgroup.Group{Members: []string{"Test/busy"}}, []string{"h CHANUNAVAIL 28"}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			r := apptest.New(t, mix, groupPlan, func(r *apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
				ca.group.Number = "8000"
				r.Services.Groups = new(ringgroup.Registry)
				ok(t, r.Services.Groups.Configure([]ringgroup.Group{ca.group}))
				return nil, nil
			})
			r.Tech.Endpoint("busy", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Refuses(signaling.CauseBusy)}})
			c := r.Run(r.Leg("1001", nil, signaltest.Script{}), ca.exten)
			r.Note(ca.notes...)
			r.Gone(c)
		})
	}
}

// Two groups that send their calls on to each other end them, and a trunk at the end would be
// told who sent the call there.
func TestRingGroupsInACircle(t *testing.T) {
	r := apptest.New(t, signaltest.NewMixer(t, testCodecs()...), groupPlan, func(r *apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
		r.Services.Groups = new(ringgroup.Registry)
		ok(t, r.Services.Groups.Configure([]ringgroup.Group{
			{Number: "8000", Members: []string{"Test/busy"}, Fallback: "8001"},
			{Number: "8001", Members: []string{"Test/gone"}, Fallback: "8000"},
		}))
		return nil, nil
	})
	for name, cause := range map[string]signaling.Cause{"busy": signaling.CauseBusy, "gone": signaling.CauseNoAnswer} {
		r.Tech.Endpoint(name, signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Refuses(cause)}})
	}
	c := r.Run(r.Leg("1001", nil, signaltest.Script{}), "8000")
	r.Note("h BUSY 25")
	way := r.Gone(c).Redirecting
	if way.Count() != 2 || way.Orig().Number != "8000" || way.OrigReason() != party.Busy || way.From().Number != "8001" || way.Reason() != party.NoAnswer {
		t.Errorf("sent on by %+v", way)
	}
}

// Who answers first has the call, the others learn that it was answered elsewhere.
func TestRingGroupThatAnswers(t *testing.T) {
	mix := signaltest.NewMixer(t, testCodecs()...)
	r := apptest.New(t, mix, groupPlan, func(r *apptest.Rig) ([]dialplan.Application, []dialplan.Function) {
		r.Services.Groups = new(ringgroup.Registry)
		ok(t, r.Services.Groups.Configure([]ringgroup.Group{{Number: "8000", Members: []string{"Test/1002", "Test/1003"}, Total: time.Minute}}))
		return nil, nil
	})
	phone := func() *signaltest.Phone { return r.Phone(g711.MuLaw(), 700) }
	winner := r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}, Phone: phone})
	loser := r.Tech.Endpoint("1003", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}, Phone: phone})
	p := r.Phone(g711.MuLaw(), 0)
	c := r.Run(r.Leg("1001", p, signaltest.Script{}), "8000")
	other := loser.Leg(t)
	winner.Leg(t).Answered()
	hears(t, p, 700)
	if got := signaltest.Receive(t, "the loser's end", other.Hung()); got != signaling.CauseAnsweredElse {
		t.Errorf("the loser is hung up with %d", got)
	}
	if s := c.Snapshot(); s.Connected.Number != "1002" {
		t.Errorf("connected to %v", s.Connected)
	}
	c.Hangup(signaling.CauseNormal)
	r.Note("h ANSWER 16")
	r.Gone(c)
}
