package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
)

// Opus has the band of what is said to it: that of a telephone, of G.722, or all; and all
// when something else is played.
func TestBandOfTheSource(t *testing.T) {
	for _, tt := range []struct {
		codec *media.Codec
		most  byte // configuration (RFC 6716 table 2)
	}{{g711.ALaw(), 3}, {g722.Codec(), 11}, {l16.Wideband(), 11}} {
		r := newRig(t, 1)
		a, b := &speaker{phone: r.phone("a", tt.codec), hz: 700, peak: 8000}, r.phone("b", opus.Codec())
		r.pair(a.phone, b)
		r.frames(30, a)
		b.forget()
		r.frames(30, a)
		for _, p := range b.hear() {
			if got := p.payload[0] >> 3; got > tt.most {
				t.Fatalf("%s: configuration %d", tt.codec.ConfName, got)
			}
		}
		pcm := tone(7000, 8000, 48000, 0, 48000)
		clip, err := NewClip(48000, pcm)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.port.Play(clip, PlayOptions{}); err != nil {
			t.Fatal(err)
		}
		r.frames(10, a)
		b.forget()
		r.frames(30, a)
		b.hear()
		if db := level(b.pcm, 48000, 7000); db < -20 {
			t.Errorf("%s: what is played is heard at %.1f dB", tt.codec.ConfName, db)
		}
	}
}
