package stretch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var rates = []int{8000, 16000, 48000}

// voice is n samples of a pitch with harmonics up to 3 kHz, from sample at on.
func voice(hz float64, rate, at, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		v := 0.0
		for h := 1.0; h*hz < 3000; h++ {
			v += math.Sin(2*math.Pi*h*hz*float64(at+i)/float64(rate)+h*h) / h
		}
		pcm[i] = int16(5000 * v)
	}
	return pcm
}

// steepest is the largest difference between neighbours.
func steepest(pcm []int16) (most int) {
	for i := 1; i < len(pcm); i++ {
		most = max(most, int(math.Abs(float64(pcm[i])-float64(pcm[i-1]))))
	}
	return most
}

// play takes frames of 20 ms of a long signal through one change in the middle, and
// gives all of it.
func play(pcm []int16, rate int, change func(frame []int16) []int16) (out []int16) {
	n := rate / 50
	at := len(pcm) / 2 / n * n
	frame := slices.Grow(slices.Clone(pcm[at:at+2*n]), 2*n)
	out = append(out, pcm[:at]...)
	out = append(out, change(frame)...)
	return append(out, pcm[at+2*n:]...)
}

// A voice of any pitch changes its length by whole periods: nothing else is heard.
func TestVoices(t *testing.T) {
	for _, rate := range rates {
		for _, hz := range []float64{70, 85, 110, 160, 220, 310} {
			whole := voice(hz, rate, 0, rate)
			limit := steepest(whole) * 11 / 10
			period := float64(rate) / hz
			for name, change := range map[string]func([]int16) []int16{
				"shorter": func(p []int16) []int16 { return p[:len(p)-Shorten(p, rate, Longest(rate), false)] },
				"longer": func(p []int16) []int16 {
					n := len(p)
					return p[:n+Lengthen(p[:n+Longest(rate)], n, rate, Longest(rate), false)]
				},
			} {
				got := play(whole, rate, change)
				changed := math.Abs(float64(len(got) - len(whole)))
				if changed == 0 || math.Abs(changed/period-math.Round(changed/period)) > 0.06 {
					t.Errorf("%s, %v Hz at %d: by %v samples, the period is %.1f", name, hz, rate, changed, period)
				}
				if s := steepest(got); s > limit {
					t.Errorf("%s, %v Hz at %d: a step of %d, want at most %d", name, hz, rate, s, limit)
				}
			}
		}
	}
}

// What is no voice is left alone, unless it must be changed or nobody hears it.
func TestNoise(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, rate := range rates {
		for _, tt := range []struct {
			peak    float64
			must    bool
			changes bool
		}{{6000, false, false}, {6000, true, true}, {30, false, true}, {0, false, true}} {
			pcm := make([]int16, rate/25, rate/10)
			for i := range pcm {
				pcm[i] = int16(tt.peak * rnd.NormFloat64())
			}
			name := fmt.Sprintf("%d Hz, %v, must %v", rate, tt.peak, tt.must)
			if got := Lengthen(pcm[:rate/10], rate/25, rate, Longest(rate), tt.must); got > 0 != tt.changes {
				t.Errorf("%s: longer by %d", name, got)
			}
			if got := Shorten(pcm, rate, Longest(rate), tt.must); got > 0 != tt.changes {
				t.Errorf("%s: shorter by %d", name, got)
			}
		}
	}
}

// Never more than asked for, and never beyond what is there.
func TestLimits(t *testing.T) {
	for _, rate := range rates {
		for n := range rate / 25 {
			if n%53 != 0 && n > 200 || n%3 != 0 {
				continue
			}
			for _, most := range []int{0, 1, rate / 1000, rate / 100, rate} {
				for _, must := range []bool{false, true} {
					pcm := voice(150, rate, 0, n)
					if got := Shorten(pcm, rate, most, must); got < 0 || got > most || got > n {
						t.Fatalf("%d samples are shorter by %d, want at most %d", n, got, most)
					}
					if got := Lengthen(pcm, n, rate, most, must); got != 0 {
						t.Fatalf("%d samples are longer by %d without room", n, got)
					}
					room := append(voice(150, rate, 0, n), make([]int16, most)...)
					if got := Lengthen(room, n, rate, most, must); got < 0 || got > most {
						t.Fatalf("%d samples are longer by %d, want at most %d", n, got, most)
					}
				}
			}
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	pcm := voice(120, 48000, 0, 3840)
	if n := testing.AllocsPerRun(100, func() {
		Shorten(pcm[:1920], 48000, 720, true)
		Lengthen(pcm, 1920, 48000, 720, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkShorten(b *testing.B) {
	for _, rate := range rates {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			pcm := voice(120, rate, 0, rate/25)
			b.ReportAllocs()
			for b.Loop() {
				Shorten(pcm, rate, Longest(rate), false)
			}
		})
	}
}

func BenchmarkLengthen(b *testing.B) {
	for _, rate := range rates {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			pcm := append(voice(120, rate, 0, rate/50), make([]int16, Longest(rate))...)
			b.ReportAllocs()
			for b.Loop() {
				Lengthen(pcm, rate/50, rate, Longest(rate), false)
			}
		})
	}
}
