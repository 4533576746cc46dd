package app_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
)

// virtual runs a test without media in virtual time.
func virtual(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newRig(t, nil)) })
}

func TestAnswerApplication(t *testing.T) {
	virtual(t, func(t *testing.T, r *rig) {
		l := r.Leg("1001", nil, signaltest.Script{})
		begin := time.Now()
		c := r.run(l, "answer")
		r.note("Ring", "Up "+c.Name()+" 1001 1001", "h 21")
		if d := time.Since(begin); d != 500*time.Millisecond {
			t.Errorf("took %v", d)
		}
		if s := r.Gone(c); s.Cause != signaling.CauseRejected || s.Dialplan.App != "Answer" {
			t.Errorf("ended as %+v", s)
		}
		r.noMore()
		told(t, l, "Start", "Answer", "Hangup")
	})
}

func TestBusyAndCongestionBeforeTheAnswer(t *testing.T) {
	for context, want := range map[string]signaling.Cause{"busy": signaling.CauseBusy, "congestion": signaling.CauseCongestion} {
		virtual(t, func(t *testing.T, r *rig) {
			l := r.Leg("1001", nil, signaltest.Script{})
			c := r.run(l, context)
			if s := r.Gone(c); s.Cause != want {
				t.Errorf("%s ends with %d, want %d", context, s.Cause, want)
			}
			told(t, l, "Start", "Hangup")
		})
	}
}

func TestStasisApplication(t *testing.T) {
	for _, ca := range []struct {
		name string
		does func(t *testing.T, r *rig, c *stasis.Control) // nil where nothing listens
		want string
		ends bool
	}{
		{"nothing listens", nil, "FAILED", false},
		{"it returns the channel", func(_ *testing.T, _ *rig, c *stasis.Control) { c.Continue(dialplan.Position{}) }, "SUCCESS", false},
		{"it sends the channel elsewhere", func(_ *testing.T, _ *rig, c *stasis.Control) {
			c.Continue(dialplan.Position{Context: "stasis", Exten: "elsewhere", Priority: 1})
		}, "elsewhere SUCCESS", false},
		{"the caller hangs up", func(_ *testing.T, _ *rig, c *stasis.Control) { c.Channel().Hangup(signaling.CauseNormal) }, "", true},
	} {
		t.Run(ca.name, func(t *testing.T) {
			virtual(t, func(t *testing.T, r *rig) {
				if ca.does == nil {
					c := r.run(r.Leg("1001", nil, signaltest.Script{}), "stasis")
					r.note(ca.want)
					r.Gone(c)
					return
				}
				listener, err := r.apps.Open(stasis.Listen{Apps: []string{"sky-genesis-outbound"}})
				ok(t, err)
				defer listener.Close()
				c := r.run(r.Leg("1001", nil, signaltest.Script{}), "stasis")
				e, err := listener.Next(t.Context())
				ok(t, err)
				start, _ := e.Event.Data.(stasis.Start)
				if e.Event.Type != event.StasisStart || !slices.Equal(start.Args, []string{"0123", "x"}) || start.Channel.ID != c.ID() {
					t.Fatalf("told %+v", e.Event)
				}
				control, err := r.apps.Control(string(c.ID()))
				ok(t, err)
				ca.does(t, r, control)
				if !ca.ends {
					r.note(ca.want)
				}
				r.Gone(c)
				r.noMore()
			})
		})
	}
}

// Who cannot be reached is told in DIALSTATUS, and the caller by the cause.
func TestDialWithoutAnAnswer(t *testing.T) {
	later := func(cause signaling.Cause) func(*signaltest.Leg) {
		return func(l *signaltest.Leg) {
			l.Ringing()
			time.AfterFunc(2*time.Second, func() { l.End(cause, true) })
		}
	}
	for _, ca := range []struct {
		name   string
		whom   string
		start  func(*signaltest.Leg)
		hangup time.Duration // the caller gives up
		notes  []string
		cause  signaling.Cause
		calls  []string
	}{
		{name: "busy", whom: "Test/1002", start: later(signaling.CauseBusy),
			notes: []string{"BUSY 17 ring=0 dialed= answered= peer=", "h BUSY 17 answered= dialed= peer= number="},
			cause: 17, calls: []string{"Start", "Ring", "Hangup"}},
		{name: "no answer", whom: "Test/1002&Test/1003", start: signaltest.Rings,
			notes: []string{"NOANSWER 19 ring=0 dialed= answered= peer=", "h NOANSWER 19 answered= dialed= peer= number="},
			cause: 19, calls: []string{"Start", "Ring", "Hangup"}},
		{name: "congestion", whom: "Test/1002", start: signaltest.Refuses(signaling.CauseCongestion),
			notes: []string{"CONGESTION 34 ring= dialed= answered= peer=", "h CONGESTION 34 answered= dialed= peer= number="},
			cause: 34, calls: []string{"Start", "Hangup"}},
		{name: "nobody there", whom: "Test/nobody & & Test/1003",
			notes: []string{"CHANUNAVAIL 1 ring= dialed= answered= peer=", "h CHANUNAVAIL 1 answered= dialed= peer= number="},
			cause: 1, calls: []string{"Start", "Hangup"}},
		{name: "the caller gives up", whom: "Test/1002", start: signaltest.Rings, hangup: 3 * time.Second,
			notes: []string{"h CANCEL 16 answered= dialed= peer= number="}, cause: 16, calls: []string{"Start", "Ring"}},
		{name: "no number", whom: "Test/", notes: []string{"h INVALIDARGS 28 answered= dialed= peer= number="},
			cause: 28, calls: []string{"Start", "Hangup"}},
		{name: "nobody, as a function may name", whom: "",
			notes: []string{"CHANUNAVAIL 20 ring= dialed= answered= peer=", "h CHANUNAVAIL 20 answered= dialed= peer= number="},
			cause: 20, calls: []string{"Start", "Hangup"}},
		{name: "a number that smuggles", whom: "Test/1;transport=tcp", notes: []string{"h INVALIDARGS 28 answered= dialed= peer= number="},
			cause: 28, calls: []string{"Start", "Hangup"}},
	} {
		t.Run(ca.name, func(t *testing.T) {
			virtual(t, func(t *testing.T, r *rig) {
				if ca.start != nil {
					r.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: ca.start}})
					r.Tech.Endpoint("1003", signaltest.Endpoint{Script: signaltest.Script{Start: ca.start}})
				}
				l := r.Leg("1001", nil, signaltest.Script{})
				c := r.run(l, "dial", dialplan.Variable{Name: "WHOM", Value: ca.whom})
				if ca.hangup > 0 {
					time.AfterFunc(ca.hangup, func() { l.End(signaling.CauseNormal, true) })
				}
				r.note(ca.notes...)
				if s := r.Gone(c); s.Cause != ca.cause {
					t.Errorf("caller ends with %d, want %d", s.Cause, ca.cause)
				}
				r.noMore()
				told(t, l, ca.calls...)
			})
		})
	}
}

func TestDigitsForThePlan(t *testing.T) {
	for _, ca := range []struct{ digits, want string }{{"42", "dialled 42"}, {"5", "invalid"}, {"", "nothing"}} {
		virtual(t, func(t *testing.T, r *rig) {
			l := r.Leg("1001", nil, signaltest.Script{})
			c := r.run(l, "digits")
			for i := range len(ca.digits) {
				l.Digit(ca.digits[i])
			}
			r.note(ca.want)
			r.Gone(c)
		})
	}
}
