package signaling_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/e2e/tone"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/signaling"
	"github.com/skygenesisenterprise/skybridge/signaling/signaltest"
)

const (
	audible   = -25.0 // dBFS; phones say −12
	inaudible = -45.0
	windows   = 20 // that may go by before a phone hears what it should
)

// hears waits until a phone hears these tones and no other of those that are used
// here. On a busy machine frames come late, so one good window is enough: what is
// joined wrongly never has one.
func hears(t *testing.T, p *signaltest.Phone, tones ...float64) {
	t.Helper()
	var wrong []string
	for range windows {
		pcm := p.Hears(500 * time.Millisecond)
		wrong = nil
		for _, hz := range []float64{500, 700, 900, 1100} {
			switch level := tone.Lasting(pcm, p.Rate(), hz); {
			case slices.Contains(tones, hz) && level < audible:
				wrong = append(wrong, fmt.Sprintf("%v Hz is missing: %.1f dBFS", hz, level))
			case !slices.Contains(tones, hz) && level > inaudible:
				wrong = append(wrong, fmt.Sprintf("%v Hz is heard: %.1f dBFS", hz, level))
			}
		}
		if wrong == nil {
			return
		}
	}
	t.Errorf("wants to hear %v Hz: %v", tones, wrong)
}

// silent waits until a phone is sent nothing any more for a while.
func silent(t *testing.T, h *signaltest.House, p *signaltest.Phone) {
	t.Helper()
	before, same := -1, 0
	h.Eventually("silence", func() bool {
		now := p.Heard()
		if same++; now != before {
			before, same = now, 0
		}
		return same > 100 // conditions are asked every millisecond
	})
}

// party is a channel with its phone, which says a tone.
type party struct {
	*signaltest.Phone
	channel *signaling.Channel
	leg     *signaltest.Leg
}

func join(t *testing.T, h *signaltest.House, b *signaling.Bridge, name string, codec *media.Codec, hz float64) party {
	t.Helper()
	p := party{Phone: h.Phone(codec, hz)}
	p.channel, p.leg = h.CallUp(name, p.Phone)
	ok(t, b.Add(t.Context(), p.channel))
	return p
}

// Two are a pair, a third makes it a room, and back; who was muted stays muted.
func TestAudioAcrossTechnologies(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), g711.ALaw(), g722.Codec()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	two := join(t, h, b, "2", g711.MuLaw(), 700)
	hears(t, two.Phone, 500)
	hears(t, one.Phone, 700)

	ok(t, one.channel.Mute(t.Context(), true))
	ok(t, one.channel.Mute(t.Context(), true))
	hears(t, two.Phone)
	three := join(t, h, b, "3", g722.Codec(), 900) // a room: still muted
	hears(t, two.Phone, 900)
	hears(t, three.Phone, 700)
	hears(t, one.Phone, 700, 900)
	two.channel.Hangup(signaling.CauseNormal) // a pair again: still muted
	h.Gone(two.channel)
	hears(t, three.Phone)
	hears(t, one.Phone, 900)
	ok(t, one.channel.Mute(t.Context(), false))
	hears(t, three.Phone, 500)

	ok(t, b.Remove(t.Context(), one.channel))
	silent(t, h, one.Phone)
}

func TestAudioInAConference(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw(), g711.ALaw(), g722.Codec()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{AlwaysMix: true})
	defer b.Close()
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	two := join(t, h, b, "2", g711.ALaw(), 700)
	three := join(t, h, b, "3", g722.Codec(), 900)
	hears(t, one.Phone, 700, 900)
	hears(t, two.Phone, 500, 900)
	hears(t, three.Phone, 500, 700)
}

// A party whose media comes late (its offer came in our answer's ACK) is heard from
// then on, and what was asked of it before counts.
func TestAudioOfALatePort(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	late := h.Phone(g711.MuLaw(), 700, signaltest.PhoneOptions{Late: true})
	c, l := h.CallUp("2", nil)
	ok(t, b.Add(t.Context(), c))
	ok(t, c.Mute(t.Context(), true))
	if c.Snapshot().Media {
		t.Error("media before there is any")
	}
	l.Give(late)
	late.Negotiate(signaltest.PhoneOptions{})
	l.Tell(signaling.LegEvents.LegMedia)
	hears(t, late, 500)
	hears(t, one.Phone)
	ok(t, c.Mute(t.Context(), false))
	hears(t, one.Phone, 700)
	if s := c.Snapshot(); !s.Media || s.Codec != "ulaw" {
		t.Errorf("is %+v", s)
	}
}

// Echo takes a channel out of its bridge, and a bridge out of its echo.
func TestEchoAndBridge(t *testing.T) {
	t.Parallel()
	h := signaltest.New(t, signaltest.NewMixer(t, g711.MuLaw()))
	b := h.Engine.NewBridge(signaling.BridgeConfig{})
	defer b.Close()
	one := join(t, h, b, "1", g711.MuLaw(), 500)
	two := join(t, h, b, "2", g711.MuLaw(), 700)
	ok(t, one.channel.Echo(t.Context(), true))
	technology(t, b, "simple_bridge", 1)
	hears(t, one.Phone, 500)
	ok(t, b.Add(t.Context(), one.channel))
	ok(t, one.channel.Echo(t.Context(), false)) // is none any more
	hears(t, one.Phone, 700)
	hears(t, two.Phone, 500)
}
