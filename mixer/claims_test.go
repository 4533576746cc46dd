package mixer

import (
	"math"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/leg"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// One who claims to speak loudly takes nobody's place for long; one who claims
// silence is heard all the same.
func TestClaimsAreNotBelievedForever(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{MaxTalkers: 1})
	honest := &speaker{phone: r.phone("honest", g711.MuLaw()), hz: 440, peak: 3000}
	loud, shy := r.phone("loud", opus.Codec()), r.phone("shy", opus.Codec())
	loud.tells()
	shy.tells()
	for _, ph := range []*phone{honest.phone, loud} {
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	out := 0
	for range 100 {
		loud.claim(nil, 0)
		r.frames(1, honest)
		if !honest.port.leg.Talking {
			out++
		}
	}
	if out > 2*leg.LiesBelieved || !honest.port.leg.Talking {
		t.Errorf("out of the sum for %d frames", out)
	}
	other := r.room(RoomConfig{})
	if err := shy.port.Join(other, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	// In a steady tone its encoder does not find a voice either, after a while.
	heard := 0
	const frames = 900
	for i := range frames {
		shy.claim(tone(500, 8000, 48000, i*960, 960), dsp.Silence)
		r.ticks(pace.TicksPerFrame)
		if shy.port.leg.Talking {
			heard++
		}
	}
	if heard < frames-auditFrames*auditAgreed-10 {
		t.Errorf("heard in %d frames of %d", heard, frames)
	}
}

// One who claims silence and speaks is heard at the first look.
func TestVoiceIsHeardInSpiteOfItsClaim(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	shy := r.phone("shy", opus.Codec())
	shy.tells()
	if err := shy.port.Join(room, JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for i := range 300 {
		pcm := make([]int16, 960)
		for k := range pcm { // a pitch that moves, in syllables
			at := float64(i*960+k) / 48000
			for h := 1.0; h <= 10; h++ {
				pcm[k] += int16(3000 / h * math.Sin(h*(2*math.Pi*140*at+4*math.Sin(9*at))) * (1.1 + math.Sin(25*at)))
			}
		}
		shy.claim(pcm, dsp.Silence)
		r.ticks(pace.TicksPerFrame)
		if shy.port.leg.Talking {
			heard++
		}
	}
	if heard < 300-auditFrames-10 {
		t.Errorf("heard in %d frames of 300", heard)
	}
}
