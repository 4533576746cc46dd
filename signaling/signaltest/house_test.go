package signaltest_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A phone hears what it says when its port echoes, digits apart.
func TestPhoneHearsItself(t *testing.T) {
	for _, codec := range []*media.Codec{g711.MuLaw(), g722.Codec()} {
		t.Run(codec.Name, func(t *testing.T) {
			h := signaltest.New(t, signaltest.NewMixer(t, codec))
			p := h.Phone(codec, 600)
			c, _ := h.CallUp("1001", p)
			if err := c.Echo(t.Context(), true); err != nil {
				t.Fatal(err)
			}
			p.Hears(200 * time.Millisecond)
			if l := tone.Lasting(p.Hears(time.Second), p.Rate(), 600); l < -15 {
				t.Errorf("own tone at %.1f dBFS", l)
			}
			p.Press("4#")
			if got := p.HearsDigits(2); got != "4#" {
				t.Errorf("digits %q", got)
			}
		})
	}
}
