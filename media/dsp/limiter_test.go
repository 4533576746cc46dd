package dsp

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Three talkers at a peak of 20000 do not distort: what the mix holds beside the
// three tones lies 50 dB and more under them, once the limiter has settled.
func TestThreeTalkersDoNotDistort(t *testing.T) {
	const rate, frame, peak = 8000, 160, 20000.0
	tones := []float64{437, 1021, 1733}
	l := NewLimiter()
	var out []float64
	clipped := 0
	for f := range 300 {
		sum, dst, own := make([]int32, frame), make([]int16, frame), make([]int16, frame)
		for _, hz := range tones {
			for i := range own {
				own[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(f*frame+i)/rate)))
			}
			Accumulate(sum, own)
		}
		from, to := l.Next(Peak(sum))
		MixRamp(dst, sum, nil, from, to)
		for _, v := range dst {
			if v == 32767 || v == -32768 {
				clipped++
			}
		}
		if f >= 200 {
			for _, v := range dst {
				out = append(out, float64(v))
			}
		}
	}
	if clipped > frame/rampDivisor {
		t.Errorf("%d samples clipped; only the first ramp may", clipped)
	}
	strongest := 0.0
	for _, hz := range tones {
		strongest = max(strongest, amplitude(out, rate, hz))
	}
	if strongest < 9000 {
		t.Errorf("tones only at %.0f", strongest)
	}
	// Every product of up to the fifth order, and the floor between them.
	worst, at := 0.0, 0.0
	for hz := 20.0; hz < rate/2; hz++ {
		near := false
		for _, tone := range tones {
			near = near || math.Abs(hz-tone) < 6
		}
		if near {
			continue
		}
		if a := amplitude(out, rate, hz); a > worst {
			worst, at = a, hz
		}
	}
	t.Logf("strongest product %.1f dB at %.0f Hz", db(worst/strongest), at)
	if db(worst/strongest) > -50 {
		t.Errorf("intermodulation %.1f dB at %.0f Hz", db(worst/strongest), at)
	}
}

// After the ramp nothing clips, whatever the peaks.
func TestLimiterNeverClipsAfterItsRamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewLimiter()
		for _, p := range rapid.SliceOfN(rapid.Int32Range(0, 1<<29), 1, 100).Draw(t, "peaks") {
			before := l.gain
			from, to := l.Next(p)
			if from != before || to != l.gain {
				t.Fatalf("ramp %d -> %d, gain was %d and is %d", from, to, before, l.gain)
			}
			if to < 0 || to > Unity {
				t.Fatalf("gain %d", to)
			}
			dst := []int16{0}
			Mix(dst, []int32{p}, to)
			if dst[0] > ceiling {
				t.Fatalf("peak %d at gain %d is %d", p, to, dst[0])
			}
		}
	})
}

func TestLimiterReleases(t *testing.T) {
	l := NewLimiter()
	l.Next(64000)
	if g := l.gain; g != Unity/2 {
		t.Fatalf("gain %d after a peak of 64000", g)
	}
	for i := range holdFrames {
		if l.Next(1000); l.gain != Unity/2 {
			t.Fatalf("released after %d frames", i)
		}
	}
	n := 0
	for ; l.gain < Unity; n++ {
		from, to := l.Next(1000)
		if r := db(float64(to) / float64(from)); r > 0.1 {
			t.Fatalf("rose by %.2f dB in one frame", r)
		}
	}
	if n < 60 || n > 90 { // 6 dB at 0.08 dB a frame
		t.Errorf("6 dB took %d frames", n)
	}
}
