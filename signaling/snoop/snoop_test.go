package snoop_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
	"github.com/skygenesisenterprise/skybridge/signaling/snoop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hears waits until a phone hears these tones and no other of those that are said.
func hears(t *testing.T, who string, p *signaltest.Phone, tones ...float64) {
	t.Helper()
	var wrong []string
	for range 20 { // on a busy machine frames come late; what is joined wrongly never has one good window
		pcm := p.Hears(500 * time.Millisecond)
		wrong = nil
		for _, hz := range []float64{500, 700, 900} {
			level := tone.Lasting(pcm, p.Rate(), hz)
			if heard := slices.Contains(tones, hz); heard && level < -25 || !heard && level > -45 {
				wrong = append(wrong, fmt.Sprintf("%v Hz at %.1f dBFS", hz, level))
			}
		}
		if wrong == nil {
			return
		}
	}
	t.Errorf("%s wants to hear %v Hz: %v", who, tones, wrong)
}

// A supervisor (900 Hz) in a bridge with a snoop on the agent (500 Hz), who talks to a customer
// (700 Hz): who hears whom, by direction. The end of the agent's call is that of the snoop.
func TestSnoop(t *testing.T) {
	for _, tt := range []struct {
		name                        string
		cfg                         snoop.Config
		supervisor, agent, customer []float64
	}{
		{"spies in", snoop.Config{Spy: snoop.In}, []float64{500}, []float64{700}, []float64{500}},
		{"spies out", snoop.Config{Spy: snoop.Out}, []float64{700}, []float64{700}, []float64{500}},
		{"spies both, whispers out", snoop.Config{Spy: snoop.Both, Whisper: snoop.Out}, []float64{500, 700}, []float64{700, 900}, []float64{500}},
		{"whispers in", snoop.Config{Whisper: snoop.In}, nil, []float64{700}, []float64{500, 900}},
		{"all", snoop.Config{Spy: snoop.Both, Whisper: snoop.Both}, []float64{500, 700}, []float64{700, 900}, []float64{500, 900}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), g722.Codec(), l16.Wideband()))
			call, room := h.Engine.NewBridge(signaling.BridgeConfig{}), h.Engine.NewBridge(signaling.BridgeConfig{})
			t.Cleanup(call.Close)
			t.Cleanup(room.Close)
			agent, customer, supervisor := h.Phone(g711.MuLaw(), 500), h.Phone(g722.Codec(), 700), h.Phone(g711.MuLaw(), 900)
			one, _ := h.CallUp("1001", agent)
			two, _ := h.CallUp("1002", customer)
			three, _ := h.CallUp("1003", supervisor)
			ok(t, call.Add(t.Context(), one))
			ok(t, call.Add(t.Context(), two))
			c, err := snoop.Open(t.Context(), h.Engine, slog.New(slog.DiscardHandler), one, tt.cfg)
			ok(t, err)
			if s := c.Snapshot(); s.State != signaling.Up || s.LinkedID != one.Snapshot().LinkedID {
				t.Errorf("%+v", s)
			}
			ok(t, room.Add(t.Context(), three))
			ok(t, room.Add(t.Context(), c))
			if tt.supervisor != nil {
				hears(t, "the supervisor", supervisor, tt.supervisor...)
			}
			hears(t, "the agent", agent, tt.agent...)
			hears(t, "the customer", customer, tt.customer...)
			one.Hangup(signaling.CauseNormal)
			h.Gone(c)
			if three.Snapshot().Ended {
				t.Error("the supervisor has gone, too")
			}
		})
	}
}

// A snoop that is hung up leaves the call as it was; one that cannot be is refused.
func TestSnoopEndsAndRefuses(t *testing.T) {
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), l16.Wideband()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	log := slog.New(slog.DiscardHandler)
	agent, customer := h.Phone(g711.MuLaw(), 500), h.Phone(g711.MuLaw(), 700)
	one, _ := h.CallUp("1001", agent)
	two, _ := h.CallUp("1002", customer)
	ok(t, b.Add(t.Context(), one))
	ok(t, b.Add(t.Context(), two))
	c, err := snoop.Open(t.Context(), h.Engine, log, one, snoop.Config{Spy: snoop.Both, Whisper: snoop.Both})
	ok(t, err)
	c.Hangup(signaling.CauseNormal)
	h.Gone(c)
	hears(t, "the agent", agent, 700)
	hears(t, "the customer", customer, 500)
	for name, cfg := range map[string]snoop.Config{"nothing": {}, "no direction": {Spy: 4}} {
		if _, err := snoop.Open(t.Context(), h.Engine, log, one, cfg); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent, _ := h.CallUp("1003", nil)
	if _, err := snoop.Open(t.Context(), h.Engine, log, silent, snoop.Config{Spy: snoop.In}); fault.Of(err) != fault.Conflict {
		t.Error(err)
	}
	two.Hangup(signaling.CauseNormal)
	h.Gone(two)
	if _, err := snoop.Open(t.Context(), h.Engine, log, two, snoop.Config{Whisper: snoop.Out}); err == nil {
		t.Error("a snoop on a channel that is gone")
	}
}
