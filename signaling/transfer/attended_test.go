package transfer_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/transfer"
	ua "github.com/skygenesisenterprise/skybridge/sip"
	"github.com/skygenesisenterprise/skybridge/sip/message"
	"github.com/skygenesisenterprise/skybridge/sip/refer"
	"github.com/skygenesisenterprise/skybridge/sip/siptest"
)

// hold has a phone put its party on hold.
func (r *rig) hold(l *siptest.Leg) {
	r.t.Helper()
	c := r.description()
	c.Body = append(c.Body, "a=sendonly\r\n"...)
	_, err := l.Dialog.ReInvite(siptest.Ctx(r.t), c)
	ok(r.t, err)
}

// An attended transfer, by who was called or has called, with the first party on hold: both
// others talk to each other, whoever made their calls, and the transferer is let go.
func TestAttended(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		calledFirst, calledSec bool // the transferer was called in that call
	}{
		{"called, then calls", true, false},
		{"calls twice", false, false},
		{"is called twice", true, true},
		{"calls, is called", false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "")
			talk := func(called bool, other string) (mine, theirs *siptest.Leg) {
				if called {
					theirs, mine = r.call(other, "1")
				} else {
					mine, theirs = r.call("1", other)
				}
				return mine, theirs
			}
			a1, x := talk(tc.calledFirst, "2")
			r.hold(a1)
			a2, y := talk(tc.calledSec, "3")
			if got := r.refer(a1, r.replaces(a2)); got != 202 {
				t.Fatalf("REFER: %d", got)
			}
			r.progress(a1, 100, 200)
			r.ended(a1, a2)
			r.together("2", "3")
			e := siptest.Wait(t, r.events.Events())
			data, _ := e.Data.(transfer.AttendedEvent)
			if e.Type != event.BridgeAttendedTransfer || data.Result != transfer.Success || data.Destination != transfer.ToBridge ||
				data.Transferee.Endpoint != "2" || data.Target.Endpoint != "3" {
				t.Errorf("event %s: %+v", e.Type, data)
			}
			bye(t, x)
			r.ended(y)
		})
	}
}

// The second call only rings yet: who is transferred takes its place, hears it ring, and
// talks to who answers.
func TestAttendedEarly(t *testing.T) {
	for name, called := range map[string]bool{"called": true, "calls": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			var a1, x *siptest.Leg
			if called {
				x, a1 = r.call("2", "1")
			} else {
				a1, x = r.call("1", "2")
			}
			a2 := r.invite("1", "3")
			third := r.rings("3")
			early := siptest.Wait(t, a2.Provisional)
			for early.Status() != 180 {
				early = siptest.Wait(t, a2.Provisional)
			}
			replaces := refer.Replaces{CallID: early.CallID(), ToTag: early.To().Tag(), FromTag: early.From().Tag()}
			if got := r.refer(a1, refer.Target(r.uri("3"), &replaces)); got != 202 {
				t.Fatalf("REFER: %d", got)
			}
			r.progress(a1, 100, 200)
			r.ended(a1)
			siptest.Wait(t, a2.Failed) // it is taken back
			y := r.answer(third)
			r.together("2", "3")
			if called {
				bye(t, y)
				r.note("1 h", "2 dialled 1: ANSWER  PJSIP/1-00000001", "2 h") // g: the plan goes on
				r.ended(x)
			} else {
				bye(t, x)
				r.ended(y)
			}
		})
	}
}

// The call that rings is never answered: who was transferred has nobody.
func TestAttendedEarlyRefused(t *testing.T) {
	r := newRig(t, "")
	a1, x := r.call("1", "2")
	a2 := r.invite("1", "3")
	third := r.rings("3")
	early := siptest.Wait(t, a2.Provisional)
	for early.Status() != 180 {
		early = siptest.Wait(t, a2.Provisional)
	}
	replaces := refer.Replaces{CallID: early.CallID(), ToTag: early.To().Tag(), FromTag: early.From().Tag()}
	if got := r.refer(a1, refer.Target(r.uri("3"), &replaces)); got != 202 {
		t.Fatalf("REFER: %d", got)
	}
	r.progress(a1, 100, 200)
	ok(t, third.Reject(ua.Reply{Status: 486}))
	r.ended(a1, x)
}

// A call is transferred into a conference, from either of both calls.
func TestAttendedToConference(t *testing.T) {
	for name, first := range map[string]bool{"the call": true, "the conference": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			other := r.invite("4", "7")
			other.Answered()
			a1, x := r.call("1", "2")
			a2 := r.invite("1", "7")
			a2.Answered()
			r.together("1", "4")
			from, to := a1, a2
			if !first {
				from, to = a2, a1
			}
			if got := r.refer(from, r.replaces(to)); got != 202 {
				t.Fatalf("REFER: %d", got)
			}
			r.progress(from, 100, 200)
			r.ended(a1, a2)
			r.together("2", "4")
			bye(t, x)
			r.together("4")
		})
	}
}

// The second call is at an announcement, or in nothing that can be joined.
func TestAttendedToApplication(t *testing.T) {
	r := newRig(t, "")
	a1, x := r.call("1", "2")
	a2 := r.invite("1", "6")
	a2.Answered()
	r.note("1 at 6:    ")
	if got := r.refer(a1, r.replaces(a2)); got != 202 {
		t.Fatalf("REFER: %d", got)
	}
	r.progress(a1, 100, 200)
	r.ended(a1, a2)
	r.Eventually("an announcement for 2", func() bool {
		for _, c := range r.Engine.Channels() {
			if c.Endpoint == "2" && c.Dialplan.App == "Playback" {
				return true
			}
		}
		return false
	})
	bye(t, x)
}

// INVITEs with Replaces: what they may replace, and what becomes of it.
func TestInviteReplaces(t *testing.T) {
	r := newRig(t, "")
	a, b := r.call("1", "2")
	id := a.Dialog.ID()
	named := refer.Replaces{CallID: id.CallID, ToTag: id.RemoteTag, FromTag: id.LocalTag}
	early := named
	early.EarlyOnly = true
	guess := named
	guess.ToTag = "guessed"
	for _, tc := range []struct {
		name, value string
		more        []message.Header
		want        int
	}{
		{"early-only of one that stands", early.String(), nil, 486},
		{"a guess", guess.String(), nil, 481},
		{"nonsense", "abc", nil, 400},
		{"two", named.String(), []message.Header{{Name: "Replaces", Value: guess.String()}}, 400},
		{"and Join", named.String(), []message.Header{{Name: "Join", Value: guess.String()}}, 400},
		{"Join alone", "", []message.Header{{Name: "Join", Value: guess.String()}}, 501},
		{"Join required", "", []message.Header{{Name: "Join", Value: guess.String()}, {Name: "Require", Value: "join"}}, 420},
	} {
		hs := tc.more
		if tc.value != "" {
			hs = append(hs, message.Header{Name: "Replaces", Value: tc.value})
		}
		if f := siptest.Wait(t, r.invite("3", "1", hs...).Failed); f.Response == nil || f.Response.Status() != tc.want {
			t.Errorf("%s: %v, want %d", tc.name, f.Err, tc.want)
		}
	}
	r.together("1", "2")
	c := r.invite("3", "whatever", message.Header{Name: "Replaces", Value: named.String()}, message.Header{Name: "Require", Value: "replaces"})
	c.Answered()
	r.ended(a)
	r.together("2", "3")
	bye(t, b)
	r.ended(c)
}

// Who is nobody in particular replaces no call.
func TestInviteReplacesByStrangers(t *testing.T) {
	r := newRig(t, "[stranger]\ntype=endpoint\ncontext=phones\nallow=ulaw\n[known]\ntype=endpoint\ncontext=phones\nallow=ulaw\nauth=known\n[known]\ntype=auth\nusername=known\npassword=secret\n")
	a, _ := r.call("1", "2")
	id := a.Dialog.ID()
	named := refer.Replaces{CallID: id.CallID, ToTag: id.RemoteTag, FromTag: id.LocalTag}
	for user, want := range map[string]int{"stranger": 403, "known": 401, "nobody": 401} {
		r.phones[user] = siptest.NewPhone(t, user)
		f := siptest.Wait(t, r.invite(user, "1", message.Header{Name: "Replaces", Value: named.String()}).Failed)
		if f.Response == nil || f.Response.Status() != want {
			t.Errorf("%s: %v, want %d", user, f.Err, want)
		}
	}
	r.together("1", "2")
}

// A phone that rings is picked up by another one, which names the call.
func TestPickUp(t *testing.T) {
	r := newRig(t, "")
	a := r.invite("1", "2")
	ringing := r.rings("2")
	req := ringing.Request()
	r.Eventually("the caller hears it ring", func() bool { return siptest.Wait(t, a.Provisional).Status() == 180 })
	named := refer.Replaces{CallID: req.CallID(), ToTag: req.From().Tag(), FromTag: ringing.ID().LocalTag, EarlyOnly: true}
	c := r.invite("3", "whatever", message.Header{Name: "Replaces", Value: named.String()})
	c.Answered()
	a.Answered()
	<-ringing.Done()
	r.together("1", "3")
	bye(t, c)
	r.note("1 dialled 2: ANSWER  ", "1 h")
	r.ended(a)
}
