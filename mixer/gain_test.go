package mixer

import (
	"math"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// A voice is heard at its gain, without a step where that changes, and does not clip
// where it would.
func TestGain(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	p := newProbe(8000)
	a, b := r.talker("a", p, 400, 4000), r.talker("b", p, 700, 0)
	for _, s := range []*talker{a, b} {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.talk(10, a, b)
	for _, tt := range []struct {
		peak uint16
		gain float64
		want float64 // amplitude
	}{
		{4000, 0, 4000}, {4000, -6, 2005}, {4000, 12, 15924}, {4000, -60, 4}, {4000, 0, 4000},
		{20000, 12, 32000}, {4000, 0, 4000}, {20000, 0, 20000},
	} {
		if err := a.port.SetGain(tt.gain); err != nil {
			t.Fatal(err)
		}
		a.peak = tt.peak
		b.forget()
		r.talk(2, a, b)
		if tt.peak == 4000 && tt.gain < 12 {
			for i := 2; i < len(b.pcm); i++ {
				if d := math.Abs(float64(b.pcm[i]) - 2*float64(b.pcm[i-1]) + float64(b.pcm[i-2])); d > 2500 {
					t.Errorf("%v dB: a step of %.0f", tt.gain, d)
				}
			}
		}
		r.talk(300, a, b) // limiters let go
		b.forget()
		r.talk(50, a, b)
		if got := 32768 * math.Pow(10, level(b.pcm, 8000, 400)/20); math.Abs(got-tt.want) > 2+tt.want/50 {
			t.Errorf("a peak of %d at %v dB is heard at %.0f, want %.0f", tt.peak, tt.gain, got, tt.want)
		}
		if peak := slices.Max(b.pcm); peak > 32100 {
			t.Errorf("a peak of %d", peak)
		}
	}
	for _, db := range []float64{-60.1, 24.1, math.NaN(), math.Inf(1)} {
		if err := a.port.SetGain(db); fault.Of(err) != fault.Invalid {
			t.Errorf("%v dB: %v", db, err)
		}
	}
}

// Who has a gain hears nothing of itself either, in any bit.
func TestGainIsExact(t *testing.T) {
	listen := func(peak uint16) []int16 {
		r, all := conversation(t, [3]uint16{peak, 3000, 3000})
		for i, db := range []float64{6, -4, 3} {
			if err := all[i].port.SetGain(db); err != nil {
				t.Fatal(err)
			}
		}
		r.talk(60, all...)
		return all[0].pcm
	}
	if silent, speaking := listen(0), listen(9000); !slices.Equal(silent, speaking) {
		t.Error("what is heard depends on what is said")
	}
}

// Who is made softer gives way to who is not.
func TestGainRanks(t *testing.T) {
	r := newRig(t, 1)
	room := r.room(RoomConfig{MaxTalkers: 1})
	p := newProbe(8000)
	loud, soft := r.talker("loud", p, 400, 9000), r.talker("soft", p, 700, 3000)
	for _, s := range []*talker{loud, soft} {
		if err := s.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.talk(20, loud, soft)
	if !loud.port.leg.Talking {
		t.Fatal("the louder is not heard")
	}
	if err := loud.port.SetGain(-20); err != nil {
		t.Fatal(err)
	}
	r.talk(2, loud, soft)
	r.ticks(pace.TicksPerFrame)
	if !soft.port.leg.Talking || loud.port.leg.Talking {
		t.Error("the softer is heard")
	}
}
