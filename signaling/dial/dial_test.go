package dial_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dial"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func target(name string) dialstring.Target { return dialstring.Target{Tech: "Test", Resource: name} }

// after runs a script's step when the phone has rung so long.
func after(d time.Duration, f func(*signaltest.Leg)) func(*signaltest.Leg) {
	return func(l *signaltest.Leg) {
		l.Ringing()
		time.AfterFunc(d, func() { f(l) })
	}
}

func answered(l *signaltest.Leg) { l.Answered() }

// called are the parties of the dial tests by name.
var called = map[string]signaltest.Endpoint{
	"answers":     {Script: signaltest.Script{Start: after(3*time.Second, answered)}},
	"later":       {Script: signaltest.Script{Start: after(5*time.Second, answered)}},
	"rings":       {Script: signaltest.Script{Start: signaltest.Rings}},
	"dead":        {}, // nothing comes back
	"busy":        {Script: signaltest.Script{Start: signaltest.Refuses(signaling.CauseBusy)}},
	"busy later":  {Script: signaltest.Script{Start: after(time.Second, signaltest.Refuses(signaling.CauseBusy))}},
	"congested":   {Script: signaltest.Script{Start: signaltest.Refuses(signaling.CauseCongestion)}},
	"unallocated": {Script: signaltest.Script{Start: signaltest.Refuses(signaling.CauseUnallocated)}},
	"declines":    {Script: signaltest.Script{Start: after(time.Second, signaltest.Refuses(signaling.CauseRejected))}},
	"no answer":   {Script: signaltest.Script{Start: after(time.Second, signaltest.Refuses(signaling.CauseNoAnswer))}},
	"away":        {Err: fault.New(fault.Unreachable, "not registered")},
	"no place":    {Err: fault.New(fault.Unavailable, "no port")},
	"answers and hangs up": {Script: signaltest.Script{Start: func(l *signaltest.Leg) {
		l.Answered()
		l.End(signaling.CauseNormal, true)
	}}},
	"panics": {Script: signaltest.Script{Start: func(*signaltest.Leg) { panic("broken") }}},
}

func TestDial(t *testing.T) {
	for _, ca := range []struct {
		name    string
		targets []string
		timeout time.Duration
		cancel  time.Duration // the caller hangs up
		status  dial.Status
		cause   signaling.Cause
		winner  string
		took    time.Duration
		losers  map[string]signaling.Cause // what others are hung up with
	}{
		{name: "one answers", targets: []string{"answers"}, status: "ANSWER", cause: 16, winner: "answers", took: 3 * time.Second},
		{name: "the first answer wins", targets: []string{"later", "answers", "rings", "busy"}, timeout: 20 * time.Second,
			status: "ANSWER", cause: 16, winner: "answers", took: 3 * time.Second,
			losers: map[string]signaling.Cause{"later": 26, "rings": 26}},
		{name: "time-out", targets: []string{"rings", "dead"}, timeout: 10 * time.Second,
			status: "NOANSWER", cause: 19, took: 10 * time.Second, losers: map[string]signaling.Cause{"rings": 19, "dead": 19}},
		{name: "the caller gives up", targets: []string{"rings"}, timeout: 10 * time.Second, cancel: 4 * time.Second,
			status: "CANCEL", cause: 16, took: 4 * time.Second, losers: map[string]signaling.Cause{"rings": 16}},
		{name: "busy", targets: []string{"busy"}, status: "BUSY", cause: 17},
		{name: "declined", targets: []string{"declines"}, status: "CHANUNAVAIL", cause: 21, took: time.Second},
		{name: "not registered", targets: []string{"away"}, status: "CHANUNAVAIL", cause: 20},
		{name: "no such endpoint", targets: []string{"nobody"}, status: "CHANUNAVAIL", cause: 1},
		{name: "no such number", targets: []string{"unallocated"}, status: "CHANUNAVAIL", cause: 1},
		{name: "congestion", targets: []string{"congested"}, status: "CONGESTION", cause: 34},
		{name: "no resources", targets: []string{"no place"}, status: "CONGESTION", cause: 34},
		{name: "nobody", status: "CHANUNAVAIL", cause: 1},
		{name: "a leg that panics", targets: []string{"panics", "answers"}, status: "ANSWER", cause: 16, winner: "answers", took: 3 * time.Second},
		{name: "busy tells more than congestion", targets: []string{"congested", "busy later", "away"}, status: "BUSY", cause: 17, took: time.Second},
		{name: "congestion tells more than away", targets: []string{"away", "congested"}, status: "CONGESTION", cause: 34},
		{name: "somebody who might have answered tells most", targets: []string{"busy", "no answer"}, status: "NOANSWER", cause: 19, took: time.Second},
		{name: "refusals end it before the time-out", targets: []string{"busy later", "busy"}, timeout: time.Minute, status: "BUSY", cause: 17, took: time.Second},
		{name: "an answer that is over at once", targets: []string{"answers and hangs up"}, status: "ANSWER", cause: 16, winner: "answers and hangs up"},
	} {
		t.Run(ca.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := signaltest.New(t, nil)
				made := make(map[string]*signaltest.Endpoint)
				for name, e := range called {
					made[name] = h.Tech.Endpoint(name, e)
				}
				var plan dial.Plan
				for _, name := range ca.targets {
					plan.Targets = append(plan.Targets, target(name))
				}
				plan.Timeout = ca.timeout
				ctx := t.Context()
				if ca.cancel > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, ca.cancel)
					defer cancel()
				}
				r := dial.Do(ctx, h.Engine, plan)
				if r.Status != ca.status || r.Cause != ca.cause || r.Rang != ca.took {
					t.Errorf("%s, cause %d after %v, want %s, %d after %v", r.Status, r.Cause, r.Rang, ca.status, ca.cause, ca.took)
				}
				switch {
				case (r.Channel != nil) != (ca.winner != ""):
					t.Errorf("answered by %v", r.Channel)
				case r.Channel != nil && (r.Target != target(ca.winner) || r.Channel.Snapshot().State != signaling.Up):
					t.Errorf("answered by %v, %+v", r.Target, r.Channel.Snapshot())
				}
				for name, want := range ca.losers {
					l := <-made[name].Legs()
					if got := <-l.Hung(); got != want {
						t.Errorf("%s is hung up with %d, want %d", name, got, want)
					}
				}
			})
		})
	}
}

// A dial tells what happens as it happens: events, and Notify on its own goroutine.
func TestDialTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		for name, e := range called {
			h.Tech.Endpoint(name, e)
		}
		from := h.Call(h.Leg("1001", nil, signaltest.Script{}))
		from.SetLanguage("fr")
		from.Vars().Set("_ONCE", "1")
		from.Vars().Set("__EVER", "2")
		from.Vars().Set("OWN", "3")
		events := h.Events()
		var seen []signaling.State
		r := dial.Do(t.Context(), h.Engine, dial.Plan{
			Targets: []dialstring.Target{target("answers"), target("rings")}, From: from, Caller: from.Snapshot().Caller,
			Notify: func(c *signaling.Channel, s signaling.ChannelSnapshot) {
				if s.Endpoint == "answers" {
					seen = append(seen, s.State)
				}
			},
		})
		if want := []signaling.State{signaling.Ringing, signaling.Up}; !slices.Equal(seen[max(0, len(seen)-2):], want) {
			t.Errorf("told of %v, want it to end with %v", seen, want)
		}
		statuses := make(map[string][]string)
		for _, e := range events() {
			if e.Type != event.Dial {
				continue
			}
			d, _ := e.Data.(dial.Event)
			statuses[d.Target] = append(statuses[d.Target], d.Status)
			if d.Caller != from.ID() || string(d.Peer.ID) != e.Channel || d.Peer.LinkedID != from.Snapshot().LinkedID {
				t.Errorf("event %+v", d)
			}
		}
		for name, want := range map[string][]string{
			"Test/answers": {"", "RINGING", "ANSWER"}, "Test/rings": {"", "RINGING", "CANCEL"},
		} {
			if !slices.Equal(statuses[name], want) {
				t.Errorf("%s has the events %q, want %q", name, statuses[name], want)
			}
		}
		vars := r.Channel.Vars()
		once, _ := vars.Get("ONCE")
		ever, _ := vars.Get("EVER")
		if _, has := vars.Get("OWN"); once != "1" || ever != "2" || has {
			t.Errorf("variables %v", vars.All())
		}
		if in := vars.Inherited(); len(in) != 1 || in[0].Name != "__EVER" {
			t.Errorf("inherits on %v", in)
		}
		if r.Channel.Snapshot().Language != "fr" {
			t.Errorf("speaks %s", r.Channel.Snapshot().Language)
		}
	})
}

// Two phones that forward to one place ring it once, and who rings there decides.
func TestForwardsToOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		place := h.Tech.Endpoint("busy later", called["busy later"])
		r := dial.Do(t.Context(), h.Engine, dial.Plan{
			Targets: []dialstring.Target{target("one"), target("two")},
			Divert: func(_ dialstring.Target, way *party.Redirecting) (dialstring.Target, *party.Redirecting, error) {
				return target("busy later"), way, nil
			},
		})
		if r.Status != dial.Busy || r.Rang != time.Second {
			t.Errorf("%s, %v", r.Status, r.Rang)
		}
		<-place.Legs()
		if n := len(place.Legs()); n > 0 {
			t.Errorf("rung %d times more", n)
		}
	})
}
