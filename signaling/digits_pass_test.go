package signaling_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// infoLeg is a party that takes digits by signalling alone.
type infoLeg struct {
	*signaltest.Leg
	digits chan string
}

func (l infoLeg) SendDigits(digits string, _, _ time.Duration, sent func()) error {
	if digits == "D" {
		return fault.New(fault.Unsupported, "no D")
	}
	l.digits <- digits
	sent()
	return nil
}

// In a conversation of two a digit reaches the other party once, however it came
// and however it is taken.
func TestDigitsReachTheOther(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	plain := join(t, h, b, "1001", g711.MuLaw(), 500)
	info := infoLeg{h.Leg("1002", h.Phone(g711.MuLaw(), 0, signaltest.PhoneOptions{NoEvents: true}), signaltest.Script{}), make(chan string, 16)}
	c, err := h.Engine.Incoming(signaling.Incoming{Leg: info, Tech: "Test", Resource: "1002"})
	ok(t, err)
	ok(t, c.Answer(t.Context()))
	ok(t, b.Add(t.Context(), c))

	plain.leg.Digit('1') // by signalling
	if got := signaltest.Receive(t, "a digit", info.digits); got != "1" {
		t.Errorf("got %q", got)
	}
	plain.Press("2") // as a telephone-event
	if got := signaltest.Receive(t, "a digit", info.digits); got != "2" {
		t.Errorf("got %q", got)
	}
	info.Digit('3')
	if got := plain.HearsDigits(1); got != "3" {
		t.Errorf("the other got %q", got)
	}
	done, err := c.StartDigits(t.Context(), "45", time.Second, 0)
	ok(t, err)
	signaltest.Receive(t, "the end of what was sent", done)
	if got := signaltest.Receive(t, "digits", info.digits); got != "45" {
		t.Errorf("got %q", got)
	}
	kind(t, c.SendDigits(t.Context(), "D"), fault.Unsupported)

	other := join(t, h, b, "1003", g711.MuLaw(), 700) // with a third it is no conversation of two
	plain.leg.Digit('6')
	ok(t, plain.channel.Do(t.Context(), func() error { return nil }))
	ok(t, c.Do(t.Context(), func() error { return nil }))
	if n := len(info.digits); n != 0 {
		t.Errorf("%d digits in a room", n)
	}
	for _, p := range []*signaling.Channel{plain.channel, other.channel, c} {
		p.Hangup(signaling.CauseNormal)
		h.Gone(p)
	}
	b.Close()
}
