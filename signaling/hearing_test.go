package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/mixer"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A supervisor hears a call unheard, coaches one of its parties, talks to both, and leaves
// again; what was arranged survives the others' joins and leaves.
func TestCoaching(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), g711.ALaw(), g722.Codec()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	agent, customer := join(t, h, b, "1", g711.MuLaw(), 500), join(t, h, b, "2", g711.ALaw(), 700)
	coach := party{Phone: h.Phone(g722.Codec(), 900)}
	coach.channel, coach.leg = h.CallUp("3", coach.Phone)
	ok(t, b.AddApart(t.Context(), coach.channel, signaling.Only(), signaling.Everyone()))
	hears(t, coach.Phone, 500, 700)
	hears(t, agent.Phone, 700)
	hears(t, customer.Phone, 500)

	set := func(heardBy, hears signaling.Audience) {
		t.Helper()
		ok(t, b.SetHearing(t.Context(), coach.channel, &heardBy, &hears))
	}
	set(signaling.Only(agent.channel), signaling.Everyone())
	hears(t, agent.Phone, 700, 900)
	hears(t, customer.Phone, 500)
	hears(t, coach.Phone, 500, 700)

	fourth := join(t, h, b, "4", g711.MuLaw(), 1100)
	hears(t, agent.Phone, 700, 900, 1100)
	hears(t, fourth.Phone, 500, 700)
	fourth.channel.Hangup(signaling.CauseNormal)
	h.Gone(fourth.channel)
	hears(t, customer.Phone, 500)

	set(signaling.Everyone(), signaling.Except(agent.channel))
	hears(t, customer.Phone, 500, 900)
	hears(t, coach.Phone, 700)
	set(signaling.Only(agent.channel), signaling.Only(agent.channel))
	customer.channel.Hangup(signaling.CauseNormal) // who is left still hears by what was said
	h.Gone(customer.channel)
	hears(t, agent.Phone, 900)
	hears(t, coach.Phone, 500)
	ok(t, b.SetHearing(t.Context(), coach.channel, new(signaling.Only()), nil)) // whom it hears stays
	hears(t, agent.Phone)
	hears(t, coach.Phone, 500)

	many := make([]*signaling.Channel, mixer.MaxAudience+1)
	if err := b.SetHearing(t.Context(), coach.channel, new(signaling.Only(many...)), nil); fault.Of(err) != fault.TooMany {
		t.Error(err)
	}
	ok(t, b.Remove(t.Context(), coach.channel))
	if err := b.SetHearing(t.Context(), coach.channel, new(signaling.Only()), nil); fault.Of(err) != fault.NotFound {
		t.Error(err)
	}
	if err := b.AddApart(t.Context(), coach.channel, signaling.Everyone(), signaling.Except(many...)); fault.Of(err) != fault.TooMany {
		t.Error(err)
	}
}

// A gain holds wherever the channel goes, also for media that comes late.
func TestGainOfAChannel(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	late := h.Phone(g711.MuLaw(), 700, signaltest.PhoneOptions{Late: true})
	c, l := h.CallUp("2", nil)
	ok(t, c.SetGain(t.Context(), new(-40.0), nil))
	ok(t, b.Add(t.Context(), c))
	l.Give(late)
	late.Negotiate(signaltest.PhoneOptions{})
	l.Tell(signaling.LegEvents.LegMedia)
	hears(t, late, 500)
	hears(t, one.Phone)
	ok(t, c.SetGain(t.Context(), new(0.0), new(-40.0)))
	hears(t, one.Phone, 700)
	hears(t, late)
	if s := c.Snapshot(); s.GainIn != 0 || s.GainOut != -40 {
		t.Errorf("%+v", s)
	}
	ok(t, c.SetGain(t.Context(), new(3.0), nil)) // the other one stays
	if s := c.Snapshot(); s.GainIn != 3 || s.GainOut != -40 {
		t.Errorf("%+v", s)
	}
	if err := c.SetGain(t.Context(), nil, new(99.0)); fault.Of(err) != fault.Invalid {
		t.Error(err)
	}
}
