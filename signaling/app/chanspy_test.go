package app_test

import (
	"math"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/dialplan"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// Who spies hears both; nobody, the one party, or both hear who spies.
func TestChanSpy(t *testing.T) {
	r := withMedia(t)
	b := r.Engine.NewBridge(signaling.BridgeConfig{})
	agent, customer := r.Phone(g711.MuLaw(), 500), r.Phone(g711.MuLaw(), 700)
	one, _ := r.CallUp("1001", agent)
	two, _ := r.CallUp("1002", customer)
	enter := func() {
		ok(t, b.Add(t.Context(), one))
		ok(t, b.Add(t.Context(), two))
	}
	for _, tt := range []struct {
		how                  string
		spy, agent, customer []float64
	}{
		{"qE", []float64{500, 700}, []float64{700}, []float64{500}},
		{"wE", []float64{500, 700}, []float64{700, 900}, []float64{500}},
		{"BE", []float64{500, 700}, []float64{700, 900}, []float64{500, 900}},
		{"oES", []float64{500}, []float64{700}, []float64{500}},
	} {
		enter()
		spy := r.Phone(g722.Codec(), 900)
		c := r.run(r.Leg("1003", spy, signaltest.Script{}), "spy", dialplan.Variable{Name: "HOW", Value: tt.how})
		hears(t, spy, tt.spy...)
		hears(t, agent, tt.agent...)
		hears(t, customer, tt.customer...)
		ok(t, b.Remove(t.Context(), one)) // their conversation is over
		r.note("spied")
		r.Gone(c)
	}
	// There is nobody to spy on.
	c := r.run(r.Leg("1003", r.Phone(g711.MuLaw(), 900), signaltest.Script{}), "spy", dialplan.Variable{Name: "HOW", Value: "S"})
	r.note("spied")
	r.Gone(c)
	// Without S it waits for somebody.
	spy := r.Phone(g711.MuLaw(), 900)
	c = r.run(r.Leg("1003", spy, signaltest.Script{}), "spy", dialplan.Variable{Name: "HOW", Value: "q"})
	r.Until(c, "up", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up })
	enter()
	hears(t, spy, 500, 700)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	hears(t, agent, 700)
	b.Close()
}

// What who spies presses chooses the mode, the next conversation, and the end; a group and an id
// choose whom to spy on.
func TestChanSpyKeys(t *testing.T) {
	r := withMedia(t)
	b := r.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	agent, customer := r.Phone(g711.MuLaw(), 500), r.Phone(g711.MuLaw(), 700)
	one, _ := r.CallUp("1001", agent)
	two, _ := r.CallUp("1002", customer)
	ok(t, b.Add(t.Context(), one))
	ok(t, b.Add(t.Context(), two))
	spies := func(how, whom string) (*signaltest.Phone, *signaling.Channel) {
		spy := r.Phone(g722.Codec(), 900)
		return spy, r.run(r.Leg("1003", spy, signaltest.Script{}), "spy-on",
			dialplan.Variable{Name: "HOW", Value: how}, dialplan.Variable{Name: "WHOM", Value: whom})
	}
	spy, c := spies("dx(9)c(8)v(-4)", "Test/1001")
	hears(t, spy, 500, 700)
	hears(t, agent, 700)
	spy.Press("5")
	hears(t, agent, 700, 900)
	hears(t, customer, 500)
	spy.Press("6")
	hears(t, customer, 500, 900)
	spy.Press("4")
	hears(t, customer, 500)
	hears(t, agent, 700)
	spy.Press("8") // around again, in the same mode
	hears(t, spy, 500, 700)
	if s := c.Snapshot(); math.Abs(s.GainOut+12.04) > 0.01 {
		t.Errorf("hears at %v dB", s.GainOut)
	}
	spy.Press("9")
	r.note("spied 0")
	r.Gone(c)

	spy, c = spies("WE", "Test/1001") // talks, and hears nothing
	hears(t, agent, 700, 900)
	hears(t, customer, 500)
	hears(t, spy)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)

	_, c = spies("Sg(sales)", "Test/")
	r.note("spied 0")
	r.Gone(c)
	two.Vars().Set("SPYGROUP", "support:sales")
	spy, c = spies("Sog(sales)", "Test/")
	hears(t, spy, 700)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	spy, c = spies("Sou", string(one.ID()))
	hears(t, spy, 500)
	c.Hangup(signaling.CauseNormal)
	r.Gone(c)
	hears(t, agent, 700)
}

// VOLUME multiplies and divides; what is no number or direction changes nothing.
func TestVolume(t *testing.T) {
	r := withMedia(t)
	c := r.run(r.Leg("1001", r.Phone(g711.MuLaw(), 500), signaltest.Script{}), "volume")
	r.note("set", "and set")
	s := r.Gone(c)
	if math.Abs(s.GainOut+40) > 0.01 || s.GainIn != 0 {
		t.Errorf("in %v dB, out %v dB", s.GainIn, s.GainOut)
	}
	if n := r.Log.Count("VOLUME"); n < 2 {
		t.Errorf("%d lines about slips in\n%s", n, r.Log)
	}
}
