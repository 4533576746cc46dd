package mixer

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// conversation is three talkers at three sample rates in one room.
func conversation(t *testing.T, peaks [3]uint16) (*rig, []*talker) {
	t.Helper()
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "exact", Activity: dsp.ActivityConfig{Threshold: 60, Hangover: 15}})
	var all []*talker
	for i, rate := range []int{8000, 16000, 48000} {
		s := r.talker(fmt.Sprint(rate), newProbe(rate), uint16(440+250*i), peaks[i])
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return r, all
}

// Nobody hears anything of themselves, at any rate: under −90 dBFS before
// encoding, also while the limiter works.
func TestOwnVoiceResidue(t *testing.T) {
	for _, peak := range []uint16{2000, 9000, 20000} {
		r, all := conversation(t, [3]uint16{peak, peak, peak})
		r.talk(20, all...)
		for _, s := range all {
			s.forget()
		}
		r.talk(100, all...)
		for _, s := range all {
			if n := len(s.pcm); n != 100*s.format.Codec.FrameSamples() {
				t.Fatalf("%s heard %d samples", s.port.Name(), n)
			}
			rate := s.format.Codec.SampleRate
			if db := level(s.pcm, rate, float64(s.hz)); db > -90 {
				t.Errorf("peak %d: %s hears itself at %.1f dBFS", peak, s.port.Name(), db)
			}
			for _, o := range all {
				if db := level(s.pcm, rate, float64(o.hz)); o != s && db < -25 {
					t.Errorf("peak %d: %s hears %s at %.1f dBFS", peak, s.port.Name(), o.port.Name(), db)
				}
			}
		}
	}
}

// Whether a talker speaks or not makes no difference, in any bit, to what it
// hears.
func TestMixMinusIsExact(t *testing.T) {
	listen := func(peak uint16) []int16 {
		r, all := conversation(t, [3]uint16{peak, 5000, 5000})
		r.talk(60, all...)
		return all[0].pcm
	}
	silent, speaking := listen(0), listen(7000)
	if !slices.Equal(silent, speaking) {
		for i := range silent {
			if silent[i] != speaking[i] {
				t.Fatalf("sample %d of %d is %d in silence and %d while speaking", i, len(silent), silent[i], speaking[i])
			}
		}
		t.Fatalf("%d and %d samples", len(silent), len(speaking))
	}
}

// Three talkers at a peak of 20000 make 60000 together: the listener hears them
// without distortion, at one gain.
func TestLimiterDoesNotDistort(t *testing.T) {
	r, all := conversation(t, [3]uint16{20000, 20000, 20000})
	listeners := []*talker{
		r.talker("listener", all[0].probe, 0, 0), r.talker("listener", all[1].probe, 0, 0),
		r.talker("listener", all[2].probe, 0, 0),
	}
	for _, l := range listeners {
		if err := l.port.Join(all[0].port.room, JoinOptions{ListenOnly: true}); err != nil {
			t.Fatal(err)
		}
	}
	r.talk(50, all...)
	for _, l := range listeners {
		l.forget()
	}
	r.talk(100, all...)
	for _, l := range listeners {
		l.hear()
		rate := l.format.Codec.SampleRate
		peak, energy := 0.0, 0.0
		for _, v := range l.pcm {
			peak = max(peak, math.Abs(float64(v)))
			energy += float64(v) * float64(v)
		}
		if peak > 32700 {
			t.Errorf("%s at %d Hz clips: peak %.0f", l.port.Name(), rate, peak)
		}
		// What is not one of the tones is distortion.
		tones := 0.0
		for _, s := range all {
			a := math.Pow(10, level(l.pcm, rate, float64(s.hz))/20) * 32768
			tones += a * a / 2
		}
		rest := energy/float64(len(l.pcm)) - tones
		if db := 10 * math.Log10(max(rest, 1e-9)/tones); db > -50 {
			t.Errorf("at %d Hz distortion is at %.1f dB", rate, db)
		}
	}
}

// Listeners of one codec share one encoder; a talker has its own from its first
// word on, in the state that its listener's decoder expects, and comes back on a
// frame that needs no earlier one.
func TestForkAndRejoin(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "fork"})
	p := newProbe(8000)
	var all []*talker
	for i := range 6 {
		s := r.talker(fmt.Sprint(i), p, uint16(400+100*i), 0)
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	all[0].peak = 8000 // somebody always speaks
	r.talk(10, all...)
	before := p.encodings
	r.talk(10, all...)
	if n := p.encodings - before; n != 20 {
		t.Errorf("%d frames encoded in 10 frames of one talker and five listeners, want 20", n)
	}
	for i := range 8 {
		all[1].peak = uint16(8000 * (1 - i%2)) // talks, and stops
		r.talk(30, all...)
	}
	if n := p.encoders - len(all); n > 3 { // the phones have one each
		t.Errorf("%d encoders were made for two talkers", n)
	}
	for _, s := range all {
		checkChain(t, s)
	}
}

// Who goes to another class, because it renegotiates, or joins one that was not
// heard so far, hears it from a frame on that needs no earlier one.
func TestForkAndRejoinByRenegotiation(t *testing.T) {
	r := newRig(t, 1)
	p := newProbe(8000)
	var all []*talker
	for i := range 4 {
		s := r.talker(fmt.Sprint(i), p, uint16(400+100*i), 0)
		// Something else is heard before.
		if err := s.port.Play(mustClip(t, 8000, tone(1000, 6000, 8000, 0, 480)), PlayOptions{}); err != nil {
			t.Fatal(err)
		}
		r.talk(5, s)
		all = append(all, s)
	}
	room := r.room(RoomConfig{Name: "fork"})
	for _, s := range all {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	all[0].peak = 8000
	for i := range 12 {
		s := all[2]
		m := mediaOf(s.format)
		m.Encoder.Bitrate = int32(1000 * (i % 3)) // classes that were there, and a new one
		if i%4 == 3 {
			m.Direction = media.RecvOnly
		}
		if err := s.port.SetMedia(m); err != nil {
			t.Fatal(err)
		}
		all[1].peak = uint16(8000 * (i / 2 % 2))
		s.peak = uint16(8000 * (i / 5 % 2))
		r.talk(5, all...)
	}
	for _, s := range all {
		s.continuous()
		checkChain(t, s)
	}
}

// checkChain follows the encoder states behind what one phone heard: each frame
// was encoded in the state that the frame before left, or is independent.
func checkChain(t *testing.T, s *talker) {
	t.Helper()
	var state int64
	for i, f := range s.probe.frames(s.heard) {
		if !f.independent && f.state != state {
			t.Fatalf("%s: frame %d was encoded in another state than the frame before left", s.port.Name(), i)
		}
		state = f.state
		for _, v := range f.pcm {
			state = state*31 + int64(v)
		}
	}
}

// Everyone talks, nobody does, somebody is alone, in all orders: the chain of
// encoder states holds for each listener.
func TestForkAndRejoinInAnyOrder(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{Name: "fork"})
	p := newProbe(16000)
	var all []*talker
	for i := range 4 {
		s := r.talker(fmt.Sprint(i), p, uint16(400+100*i), 0)
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	for mask := range 64 {
		mask = mask * 11 % 16
		for i, s := range all {
			s.peak = uint16(9000 * (mask >> i & 1))
		}
		r.talk(17+mask%3, all...)
	}
	independent := 0
	for _, s := range all {
		checkChain(t, s)
		for _, f := range p.frames(s.heard) {
			if f.independent {
				independent++
			}
		}
	}
	if independent > 200 {
		t.Errorf("%d of %d frames are independent", independent, 4*64*18)
	}
	room.Close()
	r.ticks(4)
	if n := p.open - len(all); n != 0 {
		t.Errorf("%d encoders are left open", n)
	}
}
