package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func target(name string) dialstring.Target { return dialstring.Target{Tech: "Test", Resource: name} }

func limit(n int) func(*signaling.Config) {
	return func(c *signaling.Config) { c.MaxChannels = n }
}

// A leg for which there is no channel is let go, and the next call finds room.
func TestTooManyChannels(t *testing.T) {
	h := signaltest.New(t, nil, limit(1))
	e := h.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Answers}})
	first := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	_, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("1002")})
	kind(t, err, fault.Unavailable)
	refused := signaltest.Receive(t, "the leg", e.Legs())
	if got := signaltest.Receive(t, "its hangup", refused.Hung()); got != signaling.CauseCongestion {
		t.Errorf("leg hung up with %d", got)
	}
	if got := refused.Calls(); !slices.Equal(got, []string{"Hangup"}) {
		t.Errorf("leg was told %v", got)
	}
	_, err = h.Engine.Incoming(signaling.Incoming{Leg: h.Leg("1003", nil, signaltest.Script{}), Tech: "Test", Resource: "1003"})
	kind(t, err, fault.Unavailable)

	first.Hangup(signaling.CauseNormal)
	h.Gone(first)
	c, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("1002")})
	ok(t, err)
	h.Until(c, "up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up })
	if n := h.Engine.Processed(); n != 2 {
		t.Errorf("%d calls processed", n)
	}
}

// Who is dialled belongs to the call of who dials: in its context, as Asterisk shows it.
func TestWhoIsDialledBelongsToTheCall(t *testing.T) {
	h := signaltest.New(t, nil)
	h.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
	caller := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	caller.SetPosition(signaling.DialplanPosition{Context: "internal", Exten: "1002", Priority: 3, App: "Dial"})
	h.Until(caller, "in the plan", func(s signaling.ChannelSnapshot) bool { return s.Dialplan.App == "Dial" })
	called, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("1002"), LinkedID: caller.ID()})
	ok(t, err)
	want := signaling.DialplanPosition{Context: "internal", Priority: 1, App: "AppDial", Data: "(Outgoing Line)"}
	if s := called.Snapshot(); s.Dialplan != want || s.LinkedID != caller.ID() {
		t.Errorf("called channel %+v", s)
	}
	joined, err := h.Engine.Incoming(signaling.Incoming{Leg: h.Leg("1003", nil, signaltest.Script{}), Tech: "Test", Resource: "1003", LinkedID: caller.ID()})
	ok(t, err)
	if joined.Snapshot().LinkedID != caller.ID() || h.Engine.Processed() != 1 {
		t.Errorf("%s belongs to %s, %d calls processed", joined.ID(), joined.Snapshot().LinkedID, h.Engine.Processed())
	}
}

func TestOutgoing(t *testing.T) {
	h := signaltest.New(t, nil)
	e := h.Tech.Endpoint("1002", signaltest.Endpoint{Script: signaltest.Script{Start: signaltest.Rings}})
	h.Tech.Endpoint("away", signaltest.Endpoint{Err: fault.New(fault.Unreachable, "not registered")})
	c, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{
		Target: dialstring.Target{Tech: "TEST", Resource: "1002"}, LinkedID: "1.1", Language: "fr",
		Request: signaling.DialRequest{
			Caller: signaling.CallerID{Name: "Ada", Number: "815"}, Variables: []dialplan.Variable{{Name: "__DEPTH", Value: "2"}},
		},
	})
	ok(t, err)
	s := h.Until(c, "ringing", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Ringing })
	if s.LinkedID != "1.1" || s.Language != "fr" || !s.Outgoing || s.Caller.Number != "1002" ||
		s.Connected.Name != "Ada" || s.Endpoint != "1002" || s.ProtocolID != "call-of-1002" || s.Tech != "Test" {
		t.Errorf("made %+v", s)
	}
	if !strings.HasPrefix(c.Name(), "Test/1002-") {
		t.Errorf("name %s", c.Name())
	}
	if v, _ := c.Vars().Get("DEPTH"); v != "2" {
		t.Errorf("variable %q", v)
	}
	if l := signaltest.Receive(t, "the leg", e.Legs()); l.Request.Resource != "1002" || l.Request.Caller.Number != "815" {
		t.Errorf("dialled with %+v", l.Request)
	}
	if found, err := h.Engine.Channel(c.Name()); err != nil || found != c {
		t.Errorf("by name: %v %v", found, err)
	}

	_, err = h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("nobody")})
	kind(t, err, fault.NotFound)
	_, err = h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("away")})
	kind(t, err, fault.Unreachable)
	_, err = h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: dialstring.Target{Tech: "DAHDI", Resource: "1"}})
	kind(t, err, fault.NotFound)
}

func TestDrain(t *testing.T) {
	h := signaltest.New(t, nil)
	ok(t, h.Engine.Drain(t.Context())) // nothing to wait for

	h = signaltest.New(t, nil)
	e := h.Tech.Endpoint("1002", signaltest.Endpoint{})
	a := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	b := h.Call(h.Leg("1002", nil, signaltest.Script{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Engine.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drained: %v", err)
	}
	if !h.Engine.Draining() {
		t.Error("not draining")
	}
	_, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: target("1002")})
	kind(t, err, fault.Unavailable)
	if len(e.Legs()) != 0 {
		t.Error("a leg was made")
	}
	_, err = h.Engine.Incoming(signaling.Incoming{Leg: h.Leg("1003", nil, signaltest.Script{})})
	kind(t, err, fault.Unavailable)

	var waiting sync.WaitGroup
	for range 3 { // all are told
		waiting.Go(func() {
			if err := h.Engine.Drain(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	h.Engine.HangupAll(signaling.CauseNormal)
	waiting.Wait()
	for _, c := range []*signaling.Channel{a, b} {
		select {
		case <-c.Gone():
		default:
			t.Errorf("drained before %s was gone", c.Name())
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	h := signaltest.New(t, nil)
	const callers, each = 8, 50
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, names := make(map[signaling.ChannelID]bool), make(map[string]bool)
	for range callers {
		wg.Go(func() {
			for range each {
				c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
				mu.Lock()
				ids[c.ID()], names[c.Name()] = true, true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(ids) != callers*each || len(names) != callers*each {
		t.Errorf("%d ids and %d names of %d channels", len(ids), len(names), callers*each)
	}
	list := h.Engine.Channels()
	if !slices.IsSortedFunc(list, func(a, b signaling.ChannelSnapshot) int { return a.Created.Compare(b.Created) }) {
		t.Error("the list is not by age")
	}
}

func TestWords(t *testing.T) {
	for state, want := range map[signaling.State]string{
		signaling.Down: "Down", signaling.Dialing: "Dialing", signaling.Ring: "Ring", signaling.Ringing: "Ringing",
		signaling.Up: "Up", signaling.BusyState: "Busy",
	} {
		if state.String() != want {
			t.Errorf("state %d is %s, want %s", state, state, want)
		}
	}
	for cause, want := range map[signaling.Cause]string{
		16: "Normal Clearing", 17: "User busy", 26: "Answered elsewhere", 96: "Mandatory information element is missing", 77: "Unknown",
	} {
		if cause.Text() != want {
			t.Errorf("cause %d is %q, want %q", cause, cause.Text(), want)
		}
	}
	for err, want := range map[error]signaling.Cause{
		nil: 16, fault.New(fault.Full, ""): 17, fault.New(fault.NotFound, ""): 1, fmt.Errorf("other"): 41,
	} {
		if got := signaling.CauseOf(err); got != want {
			t.Errorf("%v is cause %d, want %d", err, got, want)
		}
	}
}
