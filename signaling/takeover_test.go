package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A caller whose place somebody has taken hangs up in the moment in which the called party
// answers: those two go on.
func TestGivenUpWhenItTalks(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	called, _ := h.CallUp("1002", h.Phone(g711.MuLaw(), 0))
	heir, _ := h.CallUp("1003", h.Phone(g711.MuLaw(), 0))
	b := h.Engine.NewBridge(signaling.BridgeConfig{Pair: true})
	ok(t, b.Add(t.Context(), called))
	ok(t, b.Add(t.Context(), heir))
	called.GiveUp(signaling.CauseNormal)
	h.Until(called, "let go", func(s signaling.ChannelSnapshot) bool { return s.Adrift || s.Ended })
	technology(t, b, "simple_bridge", 2)
	ok(t, b.Remove(t.Context(), heir))
	if s := h.Gone(called); s.Cause != signaling.CauseNormal {
		t.Errorf("ended with %v", s.Cause)
	}
}

func TestGivenUpWhenItTalksToNobody(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	called, _ := h.CallUp("1002", h.Phone(g711.MuLaw(), 0))
	called.GiveUp(signaling.CauseNoAnswer)
	if s := h.Gone(called); s.Cause != signaling.CauseNoAnswer {
		t.Errorf("ended with %v", s.Cause)
	}
}
