package dsp

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func frames(t *rapid.T, legs, n, peak int) [][]int16 {
	out := make([][]int16, legs)
	for i := range out {
		out[i] = rapid.SliceOfN(rapid.Int16Range(int16(-peak), int16(peak)), n, n).Draw(t, "frame")
	}
	return out
}

// At unity gain a talker hears the exact sum of the others.
func TestMixMinusIsTheSumOfTheOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 32
		legs := frames(t, rapid.IntRange(1, 6).Draw(t, "legs"), n, 6500)
		sum, dst := make([]int32, n), make([]int16, n)
		for _, f := range legs {
			Accumulate(sum, f)
		}
		for me, own := range legs {
			want := make([]int32, n)
			for i, f := range legs {
				if i != me {
					Accumulate(want, f)
				}
			}
			MixMinus(dst, sum, own, Unity)
			for i := range dst {
				if int32(dst[i]) != want[i] {
					t.Fatalf("leg %d sample %d: %d, others sum to %d", me, i, dst[i], want[i])
				}
			}
		}
	})
}

// The kernels agree with arithmetic in floating point, at any gain.
func TestGainAndClip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		sum := rapid.SliceOfN(rapid.Int32Range(-1<<29, 1<<29), n, n).Draw(t, "sum")
		own := frames(t, 1, n, 32767)[0]
		gain := rapid.Int32Range(0, MaxGain).Draw(t, "gain")
		expect := func(got int16, v int32) {
			want := math.Floor(float64(v)*float64(gain)/Unity + 0.5)
			want = min(max(want, -32768), 32767)
			if float64(got) != want {
				t.Fatalf("%d at gain %d: %d, want %v", v, gain, got, want)
			}
		}
		dst := make([]int16, n)
		Mix(dst, sum, gain)
		for i := range dst {
			expect(dst[i], sum[i])
		}
		MixMinus(dst, sum, own, gain)
		for i := range dst {
			expect(dst[i], sum[i]-int32(own[i]))
		}
	})
}

func TestRamp(t *testing.T) {
	const n, level = 160, 10000
	sum, own := make([]int32, n), make([]int16, n)
	for i := range sum {
		sum[i], own[i] = 3*level, level
	}
	for _, c := range []struct{ from, to int32 }{{Unity, 0}, {0, Unity}, {Unity, Unity / 2}, {Unity / 3, Unity / 2}, {Unity / 2, Unity / 2}} {
		dst := make([]int16, n)
		MixRamp(dst, sum, own, c.from, c.to)
		plain := make([]int32, n)
		for i := range plain {
			plain[i] = 2 * level
		}
		listener := make([]int16, n)
		MixRamp(listener, plain, nil, c.from, c.to)
		for i, v := range dst {
			along := min(float64(i+1)/(n/rampDivisor), 1)
			want := 2 * level * (float64(c.from) + along*float64(c.to-c.from)) / Unity
			if math.Abs(float64(v)-want) > 2 {
				t.Fatalf("%d -> %d: sample %d is %d, want %.1f", c.from, c.to, i, v, want)
			}
			if listener[i] != v {
				t.Fatalf("%d -> %d: sample %d: %d for a talker, %d for a listener", c.from, c.to, i, v, listener[i])
			}
		}
		if want := int16(2 * level * int64(c.to) / Unity); dst[n-1] < want-1 || dst[n-1] > want+1 {
			t.Errorf("%d -> %d ends at %d", c.from, c.to, dst[n-1])
		}
	}
}

func TestPeak(t *testing.T) {
	for _, c := range []struct {
		sum   []int32
		own   []int16
		peak  int32
		minus int32
	}{
		{nil, nil, 0, 0},
		{[]int32{0, 5, -7}, []int16{0, 0, 0}, 7, 7},
		{[]int32{100, 0}, []int16{100, 100}, 100, 100},
		{[]int32{60000, -10}, []int16{20000, 0}, 60000, 40000},
		{[]int32{-300000}, []int16{-32768}, 300000, 267232},
	} {
		if got := Peak(c.sum); got != c.peak {
			t.Errorf("Peak(%v) = %d, want %d", c.sum, got, c.peak)
		}
		if got := PeakMinus(c.sum, c.own); got != c.minus {
			t.Errorf("PeakMinus(%v, %v) = %d, want %d", c.sum, c.own, got, c.minus)
		}
	}
}

func TestLevel(t *testing.T) {
	square := func(v int16) []int16 {
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = v
			if i%8 < 4 {
				pcm[i] = -v
			}
		}
		return pcm
	}
	sine := func(peak float64) []int16 {
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*float64(i)/16)))
		}
		return pcm
	}
	for _, c := range []struct {
		pcm  []int16
		want uint8
	}{
		{nil, 127},
		{make([]int16, 160), 127},
		{square(32767), 0},
		{square(-32768), 0},
		{sine(32767), 3},
		{sine(3276.7), 23},
		{square(1), 90},
		{append(make([]int16, 100000), 1), 127},
	} {
		if got := LevelDBov(c.pcm); got != c.want {
			t.Errorf("level %d, want %d", got, c.want)
		}
	}
	if e := energy(square(-32768)); e != 160<<30 {
		t.Errorf("energy %d", e)
	}
}

func TestActivity(t *testing.T) {
	cfg := ActivityConfig{Threshold: 40, Hangover: 2}
	var a Activity
	for i, c := range []struct {
		level uint8
		want  bool
	}{{127, false}, {41, false}, {40, true}, {60, true}, {60, true}, {60, false}, {10, true}, {127, true}, {30, true}, {127, true}, {127, true}, {127, false}} {
		if got := a.Active(cfg, c.level); got != c.want {
			t.Errorf("frame %d at -%d dBov: %v", i, c.level, got)
		}
	}
}

func TestKernelsAllocateNothing(t *testing.T) {
	sum, own, dst := make([]int32, 160), make([]int16, 160), make([]int16, 160)
	l, a, cfg := NewLimiter(), Activity{}, DefaultActivity()
	if n := testing.AllocsPerRun(100, func() {
		Accumulate(sum, own)
		from, to := l.Next(max(Peak(sum), PeakMinus(sum, own)))
		MixRamp(dst, sum, own, from, to)
		a.Active(cfg, LevelDBov(dst))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkKernel(b *testing.B) {
	for _, n := range []int{160, 960} {
		sum, own, dst := make([]int32, n), make([]int16, n), make([]int16, n)
		for i := range own {
			own[i] = int16(i*7919 - 16000)
			sum[i] = 3 * int32(own[i])
		}
		for _, k := range []struct {
			name string
			run  func()
		}{
			{"accumulate", func() { Accumulate(sum, own) }},
			{"mix", func() { Mix(dst, sum, Unity) }},
			{"mix-gain", func() { Mix(dst, sum, Unity/2) }},
			{"mix-minus", func() { MixMinus(dst, sum, own, Unity) }},
			{"mix-minus-gain", func() { MixMinus(dst, sum, own, Unity/2) }},
			{"mix-ramp", func() { MixRamp(dst, sum, own, Unity, Unity/2) }},
			{"peak", func() { Peak(sum) }},
			{"peak-minus", func() { PeakMinus(sum, own) }},
			{"level", func() { LevelDBov(own) }},
		} {
			b.Run(k.name+map[int]string{160: "/8k", 960: "/48k"}[n], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					k.run()
				}
			})
		}
	}
}
