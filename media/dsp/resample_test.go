package dsp

import (
	"fmt"
	"math"
	"math/cmplx"
	"testing"
	"time"
)

var ratePairs = [][2]int{
	{8000, 16000}, {8000, 24000}, {8000, 48000}, {16000, 48000}, {24000, 48000},
	{16000, 8000}, {24000, 8000}, {48000, 8000}, {48000, 16000}, {48000, 24000},
}

// passRipple and stopBand are what the package promises, in dB.
const (
	passRipple = 0.5
	stopBand   = 60
)

func tone32(n, rate int, hz, peak float64) []int32 {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(math.Round(peak * math.Cos(2*math.Pi*hz*float64(i)/float64(rate)+0.3)))
	}
	return x
}

// amplitude measures a tone by its Hann-windowed Fourier sum.
func amplitude[T int16 | int32 | float64](x []T, rate int, hz float64) float64 {
	rotation := cmplx.Rect(1, 2*math.Pi*hz/float64(rate))
	hann, phase := cmplx.Rect(1, 2*math.Pi/float64(len(x))), complex(1, 0)
	var acc complex128
	at, sum := cmplx.Rect(1, math.Pi/float64(len(x))), 0.0
	for _, v := range x {
		w := 0.5 - 0.5*real(at)
		acc += complex(w*float64(v), 0) * phase
		sum += w
		phase, at = phase*rotation, at*hann
	}
	return 2 * cmplx.Abs(acc) / sum
}

func db(ratio float64) float64 { return 20 * math.Log10(ratio) }

// stream runs x through a fresh Resampler in 20 ms frames.
func stream(t testing.TB, x []int32, from, to int) []int32 {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	var out []int32
	for frame := from / 50; len(x) >= frame; x = x[frame:] {
		dst := make([]int32, r.Out(frame))
		r.Process(dst, x[:frame])
		out = append(out, dst...)
	}
	return out
}

// TestResponse measures every pair with sines: the pass band, and whatever a tone
// leaves at other frequencies (images upwards, aliases downwards).
func TestResponse(t *testing.T) {
	const peak = 1 << 20 // far above a sample's range, to see under one part in 10^6
	for _, p := range ratePairs {
		from, to := p[0], p[1]
		lower := float64(min(from, to))
		worstPass, worstStop := 0.0, math.Inf(-1)
		for f := 0.025; f <= 0.425; f += 0.0125 {
			hz := f * lower
			out := stream(t, tone32(from/4, from, hz, peak), from, to)
			out = out[len(out)/4:]
			worstPass = max(worstPass, math.Abs(db(amplitude(out, to, hz)/peak)))
			for image := float64(from); to > from && image < float64(to); image += float64(from) {
				for _, at := range []float64{image - hz, image + hz} {
					if at < float64(to)/2 {
						worstStop = max(worstStop, db(amplitude(out, to, at)/peak))
					}
				}
			}
		}
		for f := 0.56; to < from && f*lower < float64(from)/2; f += 0.013 {
			hz := f * lower
			out := stream(t, tone32(from/4, from, hz, peak), from, to)
			alias := math.Abs(hz - math.Round(hz/lower)*lower)
			worstStop = max(worstStop, db(amplitude(out[len(out)/4:], to, alias)/peak))
		}
		t.Logf("%d -> %d Hz: pass band within %.2f dB, stop band %.1f dB", from, to, worstPass, worstStop)
		if worstPass > passRipple {
			t.Errorf("%d -> %d Hz: pass band off by %.2f dB", from, to, worstPass)
		}
		if worstStop > -stopBand {
			t.Errorf("%d -> %d Hz: stop band only %.1f dB", from, to, worstStop)
		}
	}
}

// TestDelay compares the output with the same tone at the time Delay promises.
func TestDelay(t *testing.T) {
	for _, p := range ratePairs {
		from, to := p[0], p[1]
		r, err := NewResampler(from, to)
		if err != nil {
			t.Fatal(err)
		}
		if d := r.Delay(); d > 1500*time.Microsecond {
			t.Errorf("%d -> %d Hz: delay %v", from, to, d)
		}
		const hz, peak = 1000.0, 100000.0
		out := stream(t, tone32(from/4, from, hz, peak), from, to)
		worst := 0.0
		for i := len(out) / 2; i < len(out); i++ {
			at := float64(i)/float64(to) - r.Delay().Seconds()
			worst = max(worst, math.Abs(float64(out[i])-peak*math.Cos(2*math.Pi*hz*at+0.3)))
		}
		if worst > peak/200 {
			t.Errorf("%d -> %d Hz: off by %.0f of %.0f at delay %v", from, to, worst, peak, r.Delay())
		}
	}
}

// DC goes through exactly: no phase of an interpolator stands out.
func TestDC(t *testing.T) {
	for _, p := range ratePairs {
		x := make([]int32, p[0]/10)
		for i := range x {
			x[i] = -12345
		}
		out := stream(t, x, p[0], p[1])
		for i := len(out) / 2; i < len(out); i++ {
			if out[i] != -12345 {
				t.Fatalf("%d -> %d Hz: %d at %d", p[0], p[1], out[i], i)
			}
		}
	}
}

// However a stream is cut into calls, and through either width, it is the same.
func TestChunksAgree(t *testing.T) {
	for _, p := range ratePairs {
		a, err := NewResampler(p[0], p[1])
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewResampler(p[0], p[1])
		if err != nil {
			t.Fatal(err)
		}
		x := tone32(p[0]/5, p[0], 700, 20000)
		pcm := make([]int16, len(x))
		narrow(pcm, x)
		whole := make([]int32, a.Out(len(x)))
		a.Process(whole, x)
		parts := make([]int16, 0, len(whole))
		for at, n := 0, 6; at < len(pcm); at, n = at+n, n+6 {
			n = min(n, len(pcm)-at)
			n -= n % 2
			if p[0] > p[1] {
				n -= n % (p[0] / p[1])
			}
			if n == 0 {
				break
			}
			dst := make([]int16, b.Out(n))
			b.ProcessPCM(dst, pcm[at:at+n])
			parts = append(parts, dst...)
		}
		for i, v := range parts {
			if int32(v) != whole[i] {
				t.Fatalf("%d -> %d Hz: sample %d is %d in parts, %d whole", p[0], p[1], i, v, whole[i])
			}
		}
	}
}

func TestResamplerReset(t *testing.T) {
	a, err := NewResampler(8000, 48000)
	if err != nil {
		t.Fatal(err)
	}
	da := make([]int32, 960)
	a.Process(da, tone32(160, 8000, 700, 20000))
	a.Reset()
	a.Process(da, make([]int32, 160))
	for _, v := range da {
		if v != 0 {
			t.Fatal("Reset kept a tail")
		}
	}
}

func TestRatePairsRefused(t *testing.T) {
	for _, p := range [][2]int{{8000, 8000}, {16000, 24000}, {8000, 44100}, {0, 8000}, {8000, 0}, {-8000, 16000}} {
		if _, err := NewResampler(p[0], p[1]); err == nil {
			t.Errorf("%d -> %d Hz accepted", p[0], p[1])
		}
	}
}

func TestResampleClip(t *testing.T) {
	const peak = 20000.0
	for _, p := range [][2]int{{44100, 8000}, {8000, 44100}, {44100, 48000}, {22050, 16000}, {16000, 24000}, {48000, 8000}, {8000, 48000}, {11025, 8000}} {
		from, to := p[0], p[1]
		hz := 0.4 * float64(min(from, to))
		pcm := make([]int16, from)
		for i := range pcm {
			pcm[i] = int16(math.Round(peak * math.Cos(2*math.Pi*hz*float64(i)/float64(from))))
		}
		out, err := ResampleClip(pcm, from, to)
		if err != nil {
			t.Fatal(err)
		}
		if want := (len(pcm)*to + from - 1) / from; len(out) != want {
			t.Errorf("%d -> %d Hz: %d samples, want %d", from, to, len(out), want)
		}
		worst := 0.0
		for i := len(out) / 4; i < len(out)*3/4; i++ {
			want := peak * math.Cos(2*math.Pi*hz*float64(i)/float64(to))
			worst = max(worst, math.Abs(float64(out[i])-want))
		}
		if worst > peak/200 {
			t.Errorf("%d -> %d Hz: off by %.0f of %.0f", from, to, worst, peak)
		}
	}
	for _, p := range [][2]int{{0, 8000}, {8000, -1}, {200000, 8000}, {44101, 191999}} {
		if _, err := ResampleClip(make([]int16, 10), p[0], p[1]); err == nil {
			t.Errorf("%d -> %d Hz accepted", p[0], p[1])
		}
	}
	if out, err := ResampleClip(nil, 8000, 16000); err != nil || len(out) != 0 {
		t.Errorf("an empty clip gave %d samples, %v", len(out), err)
	}
}

func TestResamplerAllocatesNothing(t *testing.T) {
	for _, p := range ratePairs {
		r, err := NewResampler(p[0], p[1])
		if err != nil {
			t.Fatal(err)
		}
		src, dst := make([]int32, p[0]/50), make([]int32, p[1]/50)
		pcm, out := make([]int16, p[0]/50), make([]int16, p[1]/50)
		if n := testing.AllocsPerRun(10, func() { r.Process(dst, src); r.ProcessPCM(out, pcm) }); n != 0 {
			t.Errorf("%d -> %d Hz: %v allocations", p[0], p[1], n)
		}
	}
}

func BenchmarkResample(b *testing.B) {
	for _, p := range ratePairs {
		b.Run(fmt.Sprintf("%dto%d", p[0]/1000, p[1]/1000), func(b *testing.B) {
			r, err := NewResampler(p[0], p[1])
			if err != nil {
				b.Fatal(err)
			}
			src, dst := tone32(p[0]/50, p[0], 440, 20000), make([]int32, p[1]/50)
			b.ReportAllocs()
			for b.Loop() {
				r.Process(dst, src)
			}
		})
	}
}
