package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/event"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// kind checks the kind of an error.
func kind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.Of(err) != want {
		t.Fatalf("error %v of kind %s, want %s", err, fault.Of(err), want)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// types are the events of a channel, in order.
func types(events []event.Event, c *signaling.Channel) []event.Type {
	var out []event.Type
	for _, e := range events {
		if e.Channel == string(c.ID()) {
			out = append(out, e.Type)
		}
	}
	return out
}

func TestEventsOfACallComeInOrder(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t))
	stop := h.Events()
	leg := h.Leg("1001", nil, signaltest.Script{})
	c := h.Call(leg)
	ok(t, c.Ring(t.Context()))
	ok(t, c.Answer(t.Context()))
	ok(t, c.Answer(t.Context())) // already up
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	ok(t, b.Add(t.Context(), c))
	b.Close()
	b.Close()
	c.Hangup(signaling.CauseBusy)
	h.Gone(c)
	events := stop()
	want := []event.Type{
		event.ChannelCreated, event.ChannelStateChange, event.ChannelEnteredBridge, event.ChannelLeftBridge,
		event.ChannelHangupRequest, event.ChannelDestroyed,
	}
	if got := types(events, c); !slices.Equal(got, want) {
		t.Errorf("events\n%v, want\n%v", got, want)
	}
	for i, e := range events {
		if i > 0 && e.Seq != events[i-1].Seq+1 {
			t.Errorf("event %d follows %d", e.Seq, events[i-1].Seq)
		}
		if s, is := e.Data.(signaling.ChannelSnapshot); is && e.Type == event.ChannelDestroyed {
			if !s.Ended || s.Cause != signaling.CauseBusy || s.State != signaling.Up {
				t.Errorf("destroyed as %+v", s)
			}
		}
	}
	if got, want := leg.Calls(), []string{"Start", "Ring", "Answer", "Hangup"}; !slices.Equal(got, want) {
		t.Errorf("leg was told %v, want %v", got, want)
	}
}

func TestHangupInABridge(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t))
	c, _ := h.CallUp("1001", nil)
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	ok(t, b.Add(t.Context(), c))
	stop := h.Events()
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
	want := []event.Type{event.ChannelHangupRequest, event.ChannelLeftBridge, event.ChannelDestroyed}
	if got := types(stop(), c); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestTheFirstCauseWins(t *testing.T) {
	for _, ca := range []struct {
		name string
		do   func(c *signaling.Channel, l *signaltest.Leg)
		want signaling.Cause
	}{
		{"ours before ours", func(c *signaling.Channel, _ *signaltest.Leg) {
			c.Hangup(signaling.CauseBusy)
			c.Hangup(signaling.CauseCongestion)
		}, signaling.CauseBusy},
		{"ours before theirs", func(c *signaling.Channel, l *signaltest.Leg) {
			c.Hangup(signaling.CauseBusy)
			l.End(signaling.CauseRejected, true)
		}, signaling.CauseBusy},
		{"theirs", func(_ *signaling.Channel, l *signaltest.Leg) {
			l.End(signaling.CauseRejected, true)
		}, signaling.CauseRejected},
	} {
		t.Run(ca.name, func(t *testing.T) {
			h := signaltest.New(t, nil)
			l := h.Leg("1001", nil, signaltest.Script{})
			c := h.Call(l)
			ca.do(c, l)
			if s := h.Gone(c); s.Cause != ca.want || !s.Ended {
				t.Errorf("ended with %d, want %d", s.Cause, ca.want)
			}
			if c.Live().Err() == nil {
				t.Error("the channel's context lives on")
			}
		})
	}
}

func TestALegThatEndsTwiceEndsOnce(t *testing.T) {
	h := signaltest.New(t, nil)
	l := h.Leg("1001", nil, signaltest.Script{})
	c := h.Call(l)
	stop := h.Events()
	for range 3 {
		l.Tell(func(e signaling.LegEvents) { e.LegEnded(signaling.CauseNormal, true) })
	}
	h.Gone(c)
	if got := types(stop(), c); !slices.Equal(got, []event.Type{event.ChannelHangupRequest, event.ChannelDestroyed}) {
		t.Errorf("events %v", got)
	}
	if slices.Contains(l.Calls(), "Hangup") {
		t.Error("a leg that ended by itself was hung up")
	}
}

// What a leg says after the end, such as a 200 that crosses our CANCEL, is not heard.
func TestAnEndedChannelHearsNothing(t *testing.T) {
	h := signaltest.New(t, nil)
	stop := h.Events()
	var leg *signaltest.Leg
	e := h.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{
		Hangup: func(l *signaltest.Leg, cause signaling.Cause) {
			l.Ringing()
			l.Answered()
			l.Digit('5')
			l.Early()
			l.Tell(func(e signaling.LegEvents) { e.LegHeld(true) })
			l.End(cause, false)
		},
	}})
	c, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: dialstring.Target{Tech: "test", Resource: "1002"}})
	ok(t, err)
	leg = signaltest.Receive(t, "the leg", e.Legs())
	c.Hangup(signaling.CauseNoAnswer)
	if s := h.Gone(c); s.State != signaling.Dialing || s.Held || !s.Answered.IsZero() {
		t.Errorf("ended as %+v", s)
	}
	leg.Answered() // later than that
	if got, want := types(stop(), c), []event.Type{
		event.ChannelCreated, event.ChannelStateChange, event.ChannelHangupRequest, event.ChannelDestroyed,
	}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestAChannelThatIsGoneSaysSo(t *testing.T) {
	h := signaltest.New(t, nil)
	l := h.Leg("1001", nil, signaltest.Script{})
	c := h.Call(l)
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
	ctx := t.Context()
	for name, do := range map[string]func() error{
		"Answer":     func() error { return c.Answer(ctx) },
		"Ring":       func() error { return c.Ring(ctx) },
		"Progress":   func() error { return c.Progress(ctx) },
		"Hold":       func() error { return c.Hold(ctx, true) },
		"Mute":       func() error { return c.Mute(ctx, true) },
		"Echo":       func() error { return c.Echo(ctx, true) },
		"SendDigits": func() error { return c.SendDigits(ctx, "1") },
		"StopPlay":   func() error { return c.StopPlay(ctx) },
		"Run":        func() error { return c.Run(ctx, func() { t.Error("it ran") }) },
		"Do":         func() error { return c.Do(ctx, func() error { return nil }) },
		"Until": func() error {
			_, err := c.Until(ctx, func(signaling.ChannelSnapshot) bool { return false })
			return err
		},
		"Format": func() error { _, err := c.Format(ctx); return err },
	} {
		if err := do(); fault.Of(err) != fault.Gone {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.SetLanguage("fr")
	c.Hangup(signaling.CauseBusy)
	if s := c.Snapshot(); s.Language != "en" || s.Cause != signaling.CauseNormal {
		t.Errorf("changed to %+v", s)
	}
	if _, err := h.Engine.Channel(c.Name()); fault.Of(err) != fault.NotFound {
		t.Errorf("still found: %v", err)
	}
}

func TestAnswerThatDoesNotCome(t *testing.T) {
	h := signaltest.New(t, nil)
	hangs := h.Call(h.Leg("1001", nil, signaltest.Script{Answer: func(l *signaltest.Leg) { l.End(signaling.CauseNormal, true) }}))
	kind(t, hangs.Answer(t.Context()), fault.Gone)

	silent := h.Call(h.Leg("1002", nil, signaltest.Script{Answer: func(*signaltest.Leg) {}}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := silent.Answer(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A program outlives the leg (the h extension), and the channel outlives both.
func TestAChannelLivesAsLongAsItsProgram(t *testing.T) {
	h := signaltest.New(t, nil)
	l := h.Leg("1001", nil, signaltest.Script{})
	c := h.Call(l)
	sawEnd, finish := make(chan struct{}), make(chan struct{})
	ok(t, c.Run(t.Context(), func() {
		<-c.Live().Done()
		close(sawEnd)
		<-finish
		c.SetAccountCode("billed") // still possible
		kind(t, c.Answer(context.Background()), fault.Gone)
	}))
	kind(t, c.Run(t.Context(), func() {}), fault.Conflict)
	l.End(signaling.CauseNormal, true)
	signaltest.Receive(t, "the program to see the end", sawEnd)
	select {
	case <-c.Gone():
		t.Error("gone before its program")
	default:
	}
	if _, err := h.Engine.Channel(string(c.ID())); err != nil {
		t.Error(err)
	}
	close(finish)
	if s := h.Gone(c); s.AccountCode != "billed" {
		t.Errorf("account code %q", s.AccountCode)
	}
}

func TestAProgramThatReturnsHangsUp(t *testing.T) {
	h := signaltest.New(t, nil)
	l := h.Leg("1001", nil, signaltest.Script{})
	c := h.Call(l)
	ok(t, c.Run(t.Context(), func() {}))
	if s := h.Gone(c); s.Cause != signaling.CauseNormal {
		t.Errorf("ended with %d", s.Cause)
	}
	if got := signaltest.Receive(t, "the hangup", l.Hung()); got != signaling.CauseNormal {
		t.Errorf("leg hung up with %d", got)
	}
}

// A waiter sees every last state, however fast they follow each other.
func TestUntilLosesNoWakeUp(t *testing.T) {
	h := signaltest.New(t, nil)
	c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	const rounds, waiters = 300, 4
	var wg sync.WaitGroup
	turn := make([]chan int, waiters)
	for i := range turn {
		turn[i] = make(chan int)
		wg.Go(func() {
			for n := range rounds {
				want := fmt.Sprint("l", n)
				h.Until(c, want, func(s signaling.ChannelSnapshot) bool { return s.Language == want })
				turn[i] <- n
			}
		})
	}
	for n := range rounds {
		c.SetLanguage(fmt.Sprint("l", n))
		if got := c.Snapshot().Language; got != fmt.Sprint("l", n) {
			t.Fatalf("set, but %q is read", got)
		}
		for _, ch := range turn {
			if got := <-ch; got != n {
				t.Fatalf("waiter at %d, want %d", got, n)
			}
		}
	}
	wg.Wait()
}

func TestWhatAProgramSetsCanBeReadBack(t *testing.T) {
	h := signaltest.New(t, nil)
	c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	caller := signaling.CallerID{Name: "Ada", Number: "815"}
	c.SetCaller(caller)
	c.SetConnected(signaling.CallerID{Number: "99"})
	c.SetAccountCode("shop")
	for n := range 1000 { // a plan that runs in circles outruns nobody
		c.SetPosition(signaling.DialplanPosition{Context: "a", Exten: "b", Priority: n})
	}
	s := c.Snapshot()
	if s.Caller != caller || s.Connected.Number != "99" || s.AccountCode != "shop" || s.Dialplan.Priority != 999 || s.Ended {
		t.Errorf("reads %+v", s)
	}
	if caller.String() != `"Ada" <815>` || s.Connected.String() != "<99>" {
		t.Errorf("prints %s and %s", caller, s.Connected)
	}
}

func TestHold(t *testing.T) {
	h := signaltest.New(t, nil)
	c, l := h.CallUp("1001", nil)
	stop := h.Events()
	for _, on := range []bool{true, true, false} {
		l.Tell(func(e signaling.LegEvents) { e.LegHeld(on) })
		ok(t, c.Hold(t.Context(), on))
		if c.Snapshot().Held != on {
			t.Errorf("held is not %v", on)
		}
	}
	if got, want := types(stop(), c), []event.Type{event.ChannelHold, event.ChannelUnhold}; !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}
