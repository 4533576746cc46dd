package conceal

import (
	"math"
	"testing"
)

func sine(n, rate int, hz, peak float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(peak * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return pcm
}

// A lost 10 ms of a steady tone is made up so well that the error stays 20 dB
// below the tone, and no step in it is larger than the tone's own by much.
func TestRepeatsAPeriodicSignal(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, hz := range []float64{100, 160, 250, 400} {
			frame := rate / 100
			pcm := sine(20*frame, rate, hz, 10000)
			c := New(rate)
			for i := range 10 {
				c.Good(pcm[i*frame : (i+1)*frame])
			}
			lost := make([]int16, frame)
			c.Conceal(lost)
			var noise, signal float64
			for i, v := range lost {
				want := float64(pcm[10*frame+i])
				noise += (float64(v) - want) * (float64(v) - want)
				signal += want * want
			}
			if snr := 10 * math.Log10(signal/noise); snr < 20 {
				t.Errorf("%d Hz, tone %v Hz: snr %.1f dB", rate, hz, snr)
			}
		}
	}
}

func TestNoClicks(t *testing.T) {
	const rate, hz, frame = 8000, 170.0, 80
	pcm := sine(40*frame, rate, hz, 10000)
	limit := 10000 * 2 * math.Pi * hz / rate * 2
	c := New(rate)
	var out []int16
	for i := range 40 {
		f := pcm[i*frame : (i+1)*frame]
		if i >= 10 && i < 20 {
			c.Conceal(f)
		} else {
			c.Good(f)
		}
		out = append(out, f...)
	}
	for i := 1; i < len(out); i++ {
		if step := math.Abs(float64(out[i]) - float64(out[i-1])); step > limit {
			// Coming back at full level from silence within 4 ms may be steeper.
			if i/frame != 20 {
				t.Errorf("step of %.0f at %d", step, i)
			}
		}
	}
}

func TestFadesToSilence(t *testing.T) {
	const rate, frame = 8000, 80
	c := New(rate)
	c.Good(sine(400, rate, 200, 10000))
	var levels []float64
	for range 8 {
		f := make([]int16, frame)
		c.Conceal(f)
		var peak float64
		for _, v := range f {
			peak = max(peak, math.Abs(float64(v)))
		}
		levels = append(levels, peak)
	}
	if levels[0] < 9000 {
		t.Errorf("first 10 ms at %v, want full level", levels[0])
	}
	for i := 1; i < len(levels); i++ {
		if levels[i] > levels[i-1] {
			t.Errorf("level rises during the loss: %v", levels)
		}
	}
	if levels[6] != 0 || levels[7] != 0 {
		t.Errorf("not silent after 60 ms: %v", levels)
	}
}

func TestBeforeAnyFrame(t *testing.T) {
	f := []int16{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	New(16000).Conceal(f)
	for _, v := range f {
		if v != 0 {
			t.Fatalf("made up %v out of nothing", f)
		}
	}
}

func BenchmarkLoss(b *testing.B) {
	for _, rate := range []int{8000, 16000} {
		frame := rate / 50
		c, pcm := New(rate), sine(frame, rate, 200, 10000)
		b.Run(map[int]string{8000: "8k", 16000: "16k"}[rate], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Good(pcm)
				c.Conceal(pcm)
			}
		})
	}
}
