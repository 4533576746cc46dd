package local_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/dialstring"
	"github.com/skygenesisenterprise/skybridge/signaling/party"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/tech/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is one whose extensions hand their callers to the test.
func house(t *testing.T) (*signaltest.House, chan *signaling.Channel) {
	t.Helper()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), l16.Wideband()))
	callers := make(chan *signaling.Channel, 1)
	h.Engine.AddTech(local.New(local.Config{
		Engine: h.Engine, Log: slog.New(slog.DiscardHandler),
		Exists: func(context, _ string, _ signaling.CallerID) bool { return context == "internal" },
		Run: func(_ context.Context, c *signaling.Channel, context, exten string) error {
			if context != "internal" || exten != "600" {
				return fault.New(fault.NotFound, "no extension %s in %s", exten, context)
			}
			callers <- c
			return nil
		},
	}))
	return h, callers
}

func call(t *testing.T, h *signaltest.House, to string, request signaling.DialRequest) *signaling.Channel {
	t.Helper()
	request.Redirected = true
	c, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: dialstring.Target{Tech: "Local", Resource: to}, Request: request, LinkedID: "first"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func until(t *testing.T, c *signaling.Channel, what string, cond func(signaling.ChannelSnapshot) bool) {
	t.Helper()
	if _, err := c.Until(t.Context(), cond); err != nil {
		t.Fatalf("%s: %v in %+v", what, err, c.Snapshot())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What becomes of the far side is what the one who dialled is told, and the other way round.
func TestTwoSides(t *testing.T) {
	h, callers := house(t)
	way, err := (*party.Redirecting)(nil).Forward(party.ID{Number: "1002"}, party.ID{Number: "600"}, party.Unconditional)
	must(t, err)
	near := call(t, h, "600@internal", signaling.DialRequest{
		Caller: party.ID{Name: "Ana", Number: "1001"}, Redirecting: way, MaxForwards: 68, Variables: []dialplan.Variable{{Name: "__EVER", Value: "2"}},
	})
	far := signaltest.Receive(t, "the caller of 600", callers)
	s := far.Snapshot()
	if s.Caller.Number != "1001" || s.LinkedID != "first" || s.Redirecting != way || s.Dialplan.Exten != "600" || far.MaxForwards() != 69 || s.State != signaling.Ring {
		t.Errorf("%+v, %d hops", s, far.MaxForwards())
	}
	if v, _ := far.Vars().Get("EVER"); v != "2" {
		t.Errorf("inherits %q", v)
	}
	must(t, far.Ring(t.Context()))
	until(t, near, "rings", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Ringing && !s.Media })
	must(t, far.Progress(t.Context()))
	until(t, near, "is heard", func(s signaling.ChannelSnapshot) bool { return s.Media })
	far.SetConnected(party.ID{Name: "Bob", Number: "0123"})
	until(t, near, "shows who is there", func(s signaling.ChannelSnapshot) bool { return s.Caller.Number == "0123" })
	must(t, far.Answer(t.Context()))
	until(t, near, "is up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up })
	if err := near.Hold(t.Context(), true); fault.Of(err) != fault.Unsupported {
		t.Errorf("held: %v", err)
	}
	near.Hangup(signaling.CauseNormal)
	if s := h.Gone(far); s.Cause != signaling.CauseNormal {
		t.Errorf("the far side ended with %d", s.Cause)
	}
	h.Gone(near)
}

func TestTheFarSideRefuses(t *testing.T) {
	h, callers := house(t)
	near := call(t, h, "600@internal", signaling.DialRequest{})
	signaltest.Receive(t, "the caller of 600", callers).Hangup(signaling.CauseBusy)
	if s := h.Gone(near); s.Cause != signaling.CauseBusy {
		t.Errorf("ended with %d", s.Cause)
	}
	near = call(t, h, "601@internal", signaling.DialRequest{})
	if s := h.Gone(near); s.Cause != signaling.CauseUnallocated {
		t.Errorf("nobody there, ended with %d", s.Cause)
	}
}

// Two who talk through the pair hear each other, and press keys for each other.
func TestHeard(t *testing.T) {
	h, callers := house(t)
	near := call(t, h, "600@internal", signaling.DialRequest{})
	far := signaltest.Receive(t, "the caller of 600", callers)
	must(t, far.Answer(t.Context()))
	until(t, near, "is up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up })
	ana, bob := h.Phone(g711.MuLaw(), 500), h.Phone(g711.MuLaw(), 700)
	first, _ := h.CallUp("1001", ana)
	second, _ := h.CallUp("1002", bob)
	for _, both := range [][]*signaling.Channel{{first, near}, {far, second}} {
		b := h.Engine.NewBridge(signaling.BridgeConfig{Pair: true})
		t.Cleanup(b.Close)
		for _, c := range both {
			must(t, b.Add(t.Context(), c))
		}
	}
	hears(t, "Ana", ana, 700)
	hears(t, "Bob", bob, 500)
	must(t, near.SendDigits(t.Context(), "5"))
	if d := signaltest.Receive(t, "a key", far.Digits()); d != '5' {
		t.Errorf("key %q", d)
	}
	far.Hangup(signaling.CauseNormal)
	h.Gone(near)
}

func hears(t *testing.T, who string, p *signaltest.Phone, hz float64) {
	t.Helper()
	for range 60 { // on a busy machine frames come late
		if tone.Lasting(p.Hears(500*time.Millisecond), p.Rate(), hz) > -25 {
			return
		}
	}
	t.Errorf("%s does not hear %v Hz", who, hz)
}

// Whoever dials gives up at any moment, and nothing is left.
func TestGivenUpAtOnce(t *testing.T) {
	h, callers := house(t)
	for range 50 {
		near := call(t, h, "600@internal", signaling.DialRequest{})
		near.Hangup(signaling.CauseNormal)
		h.Gone(near)
		select {
		case far := <-callers:
			h.Gone(far)
		default:
		}
	}
	h.Eventually("every channel is gone", func() bool {
		select {
		case <-callers:
		default:
		}
		return len(h.Engine.Channels()) == 0
	})
}

// What cannot be called is refused to who dials it.
func TestWhatIsNotDialled(t *testing.T) {
	h, _ := house(t)
	for to, ca := range map[string]struct {
		request signaling.DialRequest
		kind    fault.Kind
	}{
		"600@closed":   {signaling.DialRequest{}, fault.NotFound},
		"600":          {signaling.DialRequest{}, fault.NotFound}, // in the context default
		"@internal":    {signaling.DialRequest{}, fault.NotFound},
		"600@internal": {signaling.DialRequest{MaxForwards: 1}, fault.Looped},
	} {
		_, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{Target: dialstring.Target{Tech: "Local", Resource: to}, Request: ca.request})
		if err == nil || fault.Of(err) != ca.kind {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// Who dials by name, with Asterisk's options or without, is passed on once each time, and 70 times at
// most.
func TestByName(t *testing.T) {
	h, callers := house(t)
	for to, ca := range map[string]struct{ left, want int }{
		"600@internal":   {0, 69},
		"600@internal/n": {69, 68},
		"600@internal/":  {2, 1},
	} {
		near, err := h.Engine.Outgoing(t.Context(), signaling.Outgoing{
			Target: dialstring.Target{Tech: "Local", Resource: to}, Request: signaling.DialRequest{MaxForwards: ca.left},
		})
		must(t, err)
		far := signaltest.Receive(t, "the caller of 600", callers)
		if got := far.MaxForwards(); got != ca.want || far.Snapshot().Dialplan.Context != "internal" {
			t.Errorf("%s: %d hops left of %d, %+v", to, got, ca.left, far.Snapshot().Dialplan)
		}
		far.Hangup(signaling.CauseNormal)
		until(t, near, "over", func(s signaling.ChannelSnapshot) bool { return s.Ended })
	}
}
