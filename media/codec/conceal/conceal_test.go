package conceal

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
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

// rumble is noise, low-passed, of a peak of some 5 times its level.
func rumble(n int, rnd *rand.Rand, scale float64) []int16 {
	pcm := make([]int16, n)
	v := 0.0
	for i := range pcm {
		v = 0.9*v + rnd.NormFloat64()
		pcm[i] = int16(scale * v)
	}
	return pcm
}

// tilt is the correlation of neighbours: how low a noise is.
func tilt(pcm []int16) float64 {
	var one, cross float64
	for i := 1; i < len(pcm); i++ {
		one += float64(pcm[i]) * float64(pcm[i])
		cross += float64(pcm[i]) * float64(pcm[i-1])
	}
	return cross / one
}

// A long loss ends in the background of what was said before it, in its level and its
// colour, which goes on without a break; it follows one that becomes louder.
func TestComfortNoise(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		frame := rate / 50
		rnd := rand.New(rand.NewPCG(uint64(rate), 1))
		c := New(rate)
		say := func(frames int, voice, scale float64) {
			for i := range frames {
				pcm := rumble(frame, rnd, scale)
				for k, v := range sine(frame, rate, 200, voice) {
					pcm[k] += v
				}
				if i < frames/2 {
					pcm = rumble(frame, rnd, scale) // a pause
				}
				c.Good(pcm)
			}
		}
		for _, scale := range []float64{0, 20, 60} {
			say(300, 8000, scale)
			c.Conceal(make([]int16, 3*frame))
			made := make([]int16, 50*frame)
			for i := range 50 {
				c.Conceal(made[i*frame : (i+1)*frame])
			}
			if scale == 0 {
				if slices.Max(made) > 0 {
					t.Errorf("%d Hz: noise in a silent background", rate)
				}
				continue
			}
			want := rumble(50*frame, rnd, scale)
			if got, want := int(dsp.LevelDBov(made)), int(dsp.LevelDBov(want)); got < want-3 || got > want+3 {
				t.Errorf("%d Hz, %v: noise of −%d dBov, the background has −%d", rate, scale, got, want)
			}
			if got, want := tilt(made), tilt(want); math.Abs(got-want) > 0.08 {
				t.Errorf("%d Hz, %v: neighbours correlate by %.2f, in the background by %.2f", rate, scale, got, want)
			}
		}
	}
}

// What comes back after a loss does so the more gently the longer it was.
func TestReturnsSmoothly(t *testing.T) {
	const rate, frame = 8000, 160
	for _, tt := range []struct{ frames, least, most int }{{1, 20, 40}, {2, 60, 85}, {5, 60, 85}} {
		c := New(rate)
		voice := sine(20*frame, rate, 190, 9000)
		for i := range 10 {
			c.Good(voice[i*frame : (i+1)*frame])
		}
		c.Conceal(make([]int16, tt.frames*frame))
		step := make([]int16, frame) // what comes now is a constant: the blend is what is not
		for i := range step {
			step[i] = 5000
		}
		c.Good(step)
		n := frame
		for n > 0 && step[n-1] == 5000 {
			n--
		}
		if n < tt.least || n > tt.most {
			t.Errorf("after %d frames: blended over %d samples, want %d to %d", tt.frames, n, tt.least, tt.most)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	c, pcm := New(16000), sine(320, 16000, 200, 10000)
	if n := testing.AllocsPerRun(100, func() {
		c.Good(pcm)
		for range 6 {
			c.Conceal(pcm)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
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
