package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// What waits for a state is told once: at once where it is so already, with the state
// that comes, and when the channel is gone without it.
func TestWhen(t *testing.T) {
	up := func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up }
	never := func(signaling.ChannelSnapshot) bool { return false }
	h := signaltest.New(t, nil)
	c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
	answered, already, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	c.When("a test", up, func() { close(answered) })
	c.When("a test", never, func() { close(gone) })
	ok(t, c.Answer(t.Context()))
	signaltest.Receive(t, "the answer", answered)
	c.When("a test", up, func() { close(already) })
	signaltest.Receive(t, "what is so already", already)
	select {
	case <-gone:
		t.Error("told of what has not come")
	default:
	}
	c.Hangup(signaling.CauseNormal)
	signaltest.Receive(t, "the end", gone)
	h.Gone(c)
}

// What panics while it waits, or when it is told, costs its own call and nothing else.
func TestWhenPanics(t *testing.T) {
	for name, when := range map[string]func(c *signaling.Channel, told chan<- struct{}){
		"the condition": func(c *signaling.Channel, told chan<- struct{}) {
			c.When("a test", func(s signaling.ChannelSnapshot) bool {
				if s.State == signaling.Up {
					panic("broken")
				}
				return false
			}, func() { close(told) })
		},
		"what is done": func(c *signaling.Channel, told chan<- struct{}) {
			c.When("a test", func(s signaling.ChannelSnapshot) bool { return s.State == signaling.Up },
				func() { defer close(told); panic("broken") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := signaltest.New(t, nil)
			c := h.Call(h.Leg("1001", nil, signaltest.Script{}))
			told := make(chan struct{})
			when(c, told)
			_ = c.Answer(t.Context()) // which the panic may overtake
			signaltest.Receive(t, "being told", told)
			if s := h.Gone(c); s.Cause != signaling.CauseTemporary {
				t.Errorf("ended with %d", s.Cause)
			}
			if h.Log.Count("panic in a test") != 1 {
				t.Errorf("log:\n%s", h.Log)
			}
		})
	}
}
