package signaling_test

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/quality"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

// A channel samples what its party sends every second, from when it has media until it
// ends; what was sampled stays to be read.
func TestQualityIsSampled(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	alice := join(t, h, b, "alice", g711.MuLaw(), 500)
	join(t, h, b, "bob", g711.MuLaw(), 700)
	if s := alice.channel.Quality(); len(s) != 0 {
		t.Errorf("sampled at once: %+v", s)
	}
	var heard quality.Sample
	h.Eventually("a sample of alice's voice", func() bool {
		for _, s := range alice.channel.Quality() {
			if s.Packets > 0 && s.Rated {
				heard = s
				return true
			}
		}
		return false
	})
	// A busy machine may be late with packets; it cannot make more of them, nor lose any.
	if heard.Packets > 500 || heard.Lost != 0 || heard.Score.Band != media.Narrowband || heard.Score.MOS <= 1 || heard.Score.MOS > 4.42 {
		t.Errorf("%+v", heard)
	}
	n := len(alice.channel.Quality())
	h.Eventually("a second sample", func() bool { return len(alice.channel.Quality()) > n })
	alice.channel.Hangup(signaling.CauseNormal)
	h.Gone(alice.channel)
	if len(alice.channel.Quality()) <= n {
		t.Error("the samples are gone with the channel")
	}
}

func TestWhoHasNoMediaIsNotSampled(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, nil)
	c, _ := h.CallUp("alice", nil)
	if s := c.Quality(); len(s) != 0 {
		t.Errorf("%+v", s)
	}
}
