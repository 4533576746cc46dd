package stasis_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/stasis"
)

// rig is a house with applications, in virtual time.
type rig struct {
	*signaltest.House
	t    *testing.T
	apps *stasis.Registry
}

func virtual(t *testing.T, journal int, f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := signaltest.New(t, nil)
		f(t, &rig{h, t, stasis.New(stasis.Config{Engine: h.Engine, Log: slog.New(slog.DiscardHandler), Journal: journal})})
	})
}

func (r *rig) listen(l stasis.Listen) *stasis.Reader {
	r.t.Helper()
	reader, err := r.apps.Open(l)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(reader.Close)
	return reader
}

// call is a caller whose program enters an application. The place where it goes on comes in at.
func (r *rig) call(app string, args ...string) (*signaling.Channel, <-chan dialplan.Position) {
	r.t.Helper()
	c := r.Call(r.Leg("1001", nil, signaltest.Script{}))
	at := make(chan dialplan.Position, 1)
	if err := c.Run(r.t.Context(), func() {
		to, err := r.apps.Enter(c.Live(), app, c, args)
		if err == nil {
			at <- to
		}
	}); err != nil {
		r.t.Fatal(err)
	}
	return c, at
}

// told is what a reader is told until nothing more comes.
func told(reader *stasis.Reader) (types []string) {
	for {
		e, ok := next(reader)
		if !ok {
			return types
		}
		types = append(types, string(e.Event.Type))
	}
}

// next is the next event if there is one; virtual time passes only when there is none.
func next(reader *stasis.Reader) (stasis.Entry, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	e, err := reader.Next(ctx)
	return e, err == nil
}

func (r *rig) wants(what string, got []string, want ...string) {
	r.t.Helper()
	if !slices.Equal(got, want) {
		r.t.Errorf("%s is told %v, want %v", what, got, want)
	}
}

func TestACallFromStartToEnd(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		listener := r.listen(stasis.Listen{Apps: []string{"app"}})
		c, _ := r.call("app", "a", "b")
		e, _ := next(listener)
		start, _ := e.Event.Data.(stasis.Start)
		if e.Event.Type != event.StasisStart || !slices.Equal(start.Args, []string{"a", "b"}) || start.Channel.ID != c.ID() {
			t.Errorf("first came %+v", e.Event)
		}
		c.SetPosition(signaling.DialplanPosition{Context: "x", Exten: "1", Priority: 2})
		r.wants("app", told(listener), "ChannelDialplan")
		c.Hangup(signaling.CauseBusy)
		r.Gone(c)
		r.wants("app", told(listener), "ChannelHangupRequest", "StasisEnd")
		if a, err := r.apps.Application("app"); err != nil || len(a.Channels) != 0 {
			t.Errorf("follows %v still (%v)", a.Channels, err)
		}
	})
}

// Who has asked for a channel by name is told of its end, too.
func TestFollowingIsCounted(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		listener := r.listen(stasis.Listen{Apps: []string{"app"}})
		c, at := r.call("app")
		told(listener)
		topic := stasis.Topic{Kind: stasis.OfChannel, ID: string(c.ID())}
		for range 2 {
			if _, err := r.apps.Follow("app", []stasis.Topic{topic}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.apps.Unfollow("app", []stasis.Topic{topic}); err != nil {
			t.Fatal(err)
		}
		control, err := r.apps.Control(c.Name())
		if err != nil {
			t.Fatal(err)
		}
		control.Continue(dialplan.Position{Context: "next", Exten: "s", Priority: 1})
		if to := signaltest.Receive(t, "the place in the plan", at); to.Context != "next" {
			t.Errorf("goes on at %v", to)
		}
		r.Gone(c) // its program is over
		r.wants("app", told(listener), "StasisEnd", "ChannelHangupRequest", "ChannelDestroyed")
		if _, err := r.apps.Unfollow("app", []stasis.Topic{topic}); !errors.Is(err, stasis.ErrNotFollowed) {
			t.Errorf("left twice: %v", err)
		}
		if _, err := r.apps.Control(string(c.ID())); fault.Of(err) != fault.NotFound {
			t.Errorf("the channel is gone, but %v", err)
		}
	})
}

func TestWhatCannotBeFollowed(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		r.listen(stasis.Listen{Apps: []string{"app"}})
		if _, err := r.apps.Follow("app", []stasis.Topic{{Kind: stasis.OfBridge, ID: "nowhere"}}); fault.Of(err) != fault.Invalid {
			t.Errorf("a bridge that is not there: %v", err)
		}
		if _, err := r.apps.Follow("other", nil); fault.Of(err) != fault.NotFound {
			t.Errorf("an application that is not there: %v", err)
		}
		for source, want := range map[string]stasis.Topic{
			"channel:1.2": {Kind: stasis.OfChannel, ID: "1.2"}, "endpoint:PJSIP/1001": {Kind: stasis.OfEndpoint, ID: "PJSIP/1001"},
			"deviceState:Stasis:a": {Kind: stasis.OfDevice, ID: "Stasis:a"}, "bridge:": {Kind: stasis.OfBridge},
		} {
			if got, err := stasis.ParseSource(source); err != nil || got != want {
				t.Errorf("%s is %v, %v", source, got, err)
			}
		}
		for _, source := range []string{"", "channel", "device:x", "Channel:1"} {
			if _, err := stasis.ParseSource(source); !errors.Is(err, stasis.ErrScheme) {
				t.Errorf("%q: %v", source, err)
			}
		}
	})
}

func TestMove(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		first := r.listen(stasis.Listen{Apps: []string{"first"}})
		second := r.listen(stasis.Listen{Apps: []string{"second"}})
		c, _ := r.call("first")
		told(first)
		control, err := r.apps.Control(string(c.ID()))
		if err != nil {
			t.Fatal(err)
		}
		control.Move("nobody", []string{"x"})
		e, _ := next(first)
		if failed, _ := e.Event.Data.(stasis.MoveFailed); e.Event.Type != event.ApplicationMoveFailed || failed.Destination != "nobody" {
			t.Errorf("told %+v", e.Event)
		}
		control.Move("second", []string{"y"})
		r.wants("first", told(first), "StasisEnd")
		e, _ = next(second)
		if start, _ := e.Event.Data.(stasis.Start); e.Event.Type != event.StasisStart || !slices.Equal(start.Args, []string{"y"}) {
			t.Errorf("told %+v", e.Event)
		}
		if control.App() != "second" {
			t.Errorf("is with %s", control.App())
		}
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
		r.wants("second", told(second), "ChannelHangupRequest", "StasisEnd")
		r.wants("first", told(first))
	})
}

func TestReplaced(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		old := r.listen(stasis.Listen{Apps: []string{"app"}})
		newer := r.listen(stasis.Listen{Apps: []string{"app"}})
		observer := r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Observer})
		c, _ := r.call("app")
		r.wants("the old one", told(old), "ApplicationReplaced")
		r.wants("the new one", told(newer), "StasisStart")
		r.wants("an observer", told(observer), "StasisStart")
		old.Close()
		if a, err := r.apps.Application("app"); err != nil || !a.Active {
			t.Errorf("the new one listens still, but %+v, %v", a, err)
		}
		newer.Close()
		if a, err := r.apps.Application("app"); err != nil || a.Active {
			t.Errorf("an observer is no listener, but %+v, %v", a, err)
		}
		if _, err := newer.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("closed, but %v", err)
		}
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
		r.wants("the observer", told(observer), "ChannelHangupRequest", "StasisEnd")
	})
}

func TestNobodyListens(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Observer})
		if _, err := r.apps.Enter(t.Context(), "app", r.Call(r.Leg("1001", nil, signaltest.Script{})), nil); fault.Of(err) != fault.NotFound {
			t.Errorf("an observer listens: %v", err)
		}
		if _, err := r.apps.Open(stasis.Listen{Apps: []string{""}}); fault.Of(err) != fault.Invalid {
			t.Errorf("an application without a name: %v", err)
		}
	})
}

// Who comes back goes on where it was; what is not kept any more is counted.
func TestResume(t *testing.T) {
	virtual(t, 3, func(t *testing.T, r *rig) {
		listener := r.listen(stasis.Listen{Apps: []string{"app"}, Resume: true})
		say := func(n int) {
			for i := range n {
				if err := r.apps.Tell(t.Context(), "app", stasis.UserEvent{Name: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		say(1)
		e, _ := next(listener)
		seen := e.Seq
		_, err := r.apps.Follow("app", []stasis.Topic{{Kind: stasis.OfBridge}}) // so that it is there without a listener
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		say(2)
		back := r.listen(stasis.Listen{Apps: []string{"app"}, Resume: true, After: seen})
		for want := seen + 1; want <= seen+2; want++ {
			if e, ok := next(back); !ok || e.Seq != want || e.Missed != 0 {
				t.Errorf("came %+v, want %d", e, want)
			}
		}
		back.Close()
		say(5)
		late := r.listen(stasis.Listen{Apps: []string{"app"}, Resume: true, After: seen + 2})
		if e, ok := next(late); !ok || e.Missed != 2 || e.Seq != seen+5 {
			t.Errorf("came %+v, of 5 the journal keeps 3", e)
		}
		other := r.listen(stasis.Listen{Apps: []string{"app"}, Resume: true, After: seen + 1000, Mode: stasis.Observer})
		say(1)
		if e, ok := next(other); !ok || e.Missed == 0 {
			t.Errorf("came %+v, but it has seen another life", e)
		}
	})
}

func TestStandby(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		first := r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Standby})
		second := r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Standby})
		c, _ := r.call("app")
		r.wants("the first", told(first), "StasisStart")
		c.SetPosition(signaling.DialplanPosition{Context: "unread"})
		r.wants("who stands by", told(second))
		first.Close()
		r.wants("who stands by, then", told(second), "ChannelDialplan")
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
		r.wants("who stands by, then", told(second), "ChannelHangupRequest", "StasisEnd")
	})
}

func TestSharedCalls(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		both := []*stasis.Reader{
			r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Shared}), r.listen(stasis.Listen{Apps: []string{"app"}, Mode: stasis.Shared}),
		}
		var calls []*signaling.Channel
		for range 4 {
			c, _ := r.call("app")
			calls = append(calls, c)
		}
		of := make(map[string]*stasis.Reader)
		for _, reader := range both {
			for e, ok := next(reader); ok; e, ok = next(reader) {
				of[e.Event.Channel] = reader
			}
		}
		n := 0
		for _, c := range calls {
			if of[string(c.ID())] == both[0] {
				n++
			}
			c.SetPosition(signaling.DialplanPosition{Context: "x"})
		}
		if n != 2 || len(of) != 4 {
			t.Errorf("%d of %d calls came to the first", n, len(of))
		}
		for e, ok := next(both[0]); ok; e, ok = next(both[0]) {
			if of[e.Event.Channel] != both[0] {
				t.Errorf("%s came to the wrong one", e.Event.Type)
			}
		}
		both[1].Close() // has read nothing of the last
		r.wants("the other", told(both[0]), "ChannelDialplan", "ChannelDialplan")
	})
}

func TestFilter(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		listener := r.listen(stasis.Listen{Apps: []string{"app"}})
		if _, err := r.apps.SetFilter("app", []string{"StasisStart", "StasisEnd"}, []string{"StasisEnd"}); err != nil {
			t.Fatal(err)
		}
		c, _ := r.call("app")
		c.Hangup(signaling.CauseNormal)
		r.Gone(c)
		r.wants("app", told(listener), "StasisStart")
	})
}

// A reader that stops reading costs nobody anything, and is told what it has missed.
func TestASlowReader(t *testing.T) {
	virtual(t, 10, func(t *testing.T, r *rig) {
		slow := r.listen(stasis.Listen{Apps: []string{"app"}})
		for range 100 {
			if err := r.apps.Tell(t.Context(), "app", stasis.UserEvent{}); err != nil {
				t.Fatal(err)
			}
		}
		if e, ok := next(slow); !ok || e.Missed != 90 {
			t.Errorf("came %+v", e)
		}
	})
}

func TestOffer(t *testing.T) {
	virtual(t, 0, func(t *testing.T, r *rig) {
		first, second := r.listen(stasis.Listen{Apps: []string{"first"}}), r.listen(stasis.Listen{Apps: []string{"second"}})
		c := r.Call(r.Leg("1001", nil, signaltest.Script{}))
		won := make(chan string, 1)
		offer := func() {
			name, err := r.apps.Offer(t.Context(), c, time.Minute, nil)
			won <- fmt.Sprint(name, fault.Of(err) == fault.NoAnswer)
		}
		go offer() // owned by the test, which receives from it
		r.wants("the first", told(first), "CallBroadcast")
		if err := r.apps.Claim(c.ID(), "second"); err != nil {
			t.Fatal(err)
		}
		if got := <-won; got != "secondfalse" {
			t.Errorf("won: %s", got)
		}
		r.wants("the first", told(first), "CallClaimed")
		r.wants("the second", told(second), "CallBroadcast")
		if err := r.apps.Claim(c.ID(), "first"); !errors.Is(err, stasis.ErrNotOffered) {
			t.Errorf("claimed afterwards: %v", err)
		}
		go offer() // as before
		if got := <-won; got != "true" {
			t.Errorf("nobody claims: %s", got)
		}
	})
}
