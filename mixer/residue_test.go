package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// What a talker hears in a room while others speak is the same whether it speaks itself or
// not: nothing of its own voice comes back, down to the last bit. With G.722 the noise of the
// quantiser differs, whose state is another after the talker had an encoder of its own.
func TestNoOwnVoiceInSpeech(t *testing.T) {
	own, other := mediatest.Synthetic(t, "en-us"), mediatest.Synthetic(t, "en-gb")
	const rate, frames = mediatest.SpeechRate, 300
	quiet := func(pcm []int16) []int16 { // so that the limiter has nothing to do
		out := make([]int16, frames*rate/50)
		for i := range out {
			out[i] = pcm[i] / 4
		}
		return out
	}
	own, other = quiet(own), quiet(other)
	for _, tt := range []struct {
		codec *media.Codec
		most  float64 // dBFS
	}{{l16.Wideband(), -90}, {g711.MuLaw(), -90}, {g722.Codec(), -60}} {
		c := tt.codec
		hears := func(speaks bool) []int16 {
			r := newRig(t, 1)
			room := r.room(RoomConfig{})
			a, b, listener := r.phone("a", c), r.phone("b", g722.Codec()), r.phone("c", c)
			for _, ph := range []*phone{a, b, listener} {
				if err := ph.port.Join(room, JoinOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			mine, theirs := speechAt(t, own, rate, c.SampleRate), other
			n, m := c.FrameSamples(), rate/50
			for i := range frames {
				if speaks {
					a.say(mine[i*n : (i+1)*n])
				} else {
					a.say(nil)
				}
				b.say(theirs[i*m : (i+1)*m])
				r.ticks(pace.TicksPerFrame)
				for _, ph := range []*phone{a, b, listener} {
					ph.hear()
				}
			}
			return a.pcm
		}
		with, without := hears(true), hears(false)
		if len(with) != len(without) || len(with) == 0 {
			t.Fatalf("%s: %d samples, %d in silence", c.Name, len(with), len(without))
		}
		difference := make([]int16, len(with))
		for i, v := range with {
			difference[i] = v - without[i]
		}
		db := mediatest.Level(difference)
		t.Logf("%s: %.1f dBFS of its own voice, beside %.1f dBFS of the other", c.Name, db, mediatest.Level(with))
		if db > tt.most || mediatest.Level(with) < -50 {
			t.Errorf("%s: hears %.1f dBFS of its own voice, beside %.1f dBFS of the other", c.Name, db, mediatest.Level(with))
		}
	}
}
