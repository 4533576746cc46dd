package dsp

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// material is samples and sums of a kind, from a seed: anything, nothing but extremes,
// or what calls have.
func material(seed uint64, n int) (pcm []int16, sum []int32) {
	r := rand.New(rand.NewPCG(seed, 7))
	pcm, sum = make([]int16, n), make([]int32, n)
	extremes16 := []int16{math.MinInt16, math.MaxInt16, 0, -1, 1, math.MinInt16 + 1}
	extremes32 := []int32{math.MinInt32, math.MaxInt32, 0, -1, 1, 32767, 32768, -32768, -32769, math.MinInt32 + 1}
	for i := range n {
		switch seed % 3 {
		case 0:
			pcm[i], sum[i] = int16(r.Uint32()), int32(r.Uint32())
		case 1:
			pcm[i], sum[i] = extremes16[r.IntN(len(extremes16))], extremes32[r.IntN(len(extremes32))]
		default:
			pcm[i], sum[i] = int16(r.IntN(8000)-4000), int32(r.IntN(200000)-100000)
		}
	}
	return pcm, sum
}

var gains = []int32{0, 1, 3, Unity / 3, Unity - 1, Unity, Unity + 1, 3*Unity + 5, MaxGain}

// checkKernels holds every kernel that this machine has chosen against the scalar one.
func checkKernels(t *testing.T, pcm []int16, sum []int32, gain int32) {
	t.Helper()
	n := len(pcm)
	same32 := func(name string, kernel, scalar func(dst []int32)) {
		t.Helper()
		got, want := slices.Clone(sum), slices.Clone(sum)
		kernel(got)
		scalar(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s of %d samples differs", name, n)
		}
	}
	same16 := func(name string, kernel, scalar func(dst []int16)) {
		t.Helper()
		got, want := slices.Clone(pcm), slices.Clone(pcm)
		kernel(got)
		scalar(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%s of %d samples differs at a gain of %d", name, n, gain)
		}
	}
	other := make([]int32, n)
	for i := range other {
		other[i] = sum[n-1-i]
	}
	same32("accumulate", func(d []int32) { accumulate(d, pcm) }, func(d []int32) { accumulateScalar(d, pcm) })
	same32("accumulate32", func(d []int32) { accumulate32(d, other) }, func(d []int32) { accumulate32Scalar(d, other) })
	same16("narrow", func(d []int16) { narrow(d, sum) }, func(d []int16) { narrowScalar(d, sum) })
	same16("narrowMinus", func(d []int16) { narrowMinus(d, sum, pcm) }, func(d []int16) { narrowMinusScalar(d, sum, pcm) })
	same16("mix", func(d []int16) { mix(d, sum, gain) }, func(d []int16) { mixScalar(d, sum, gain) })
	same16("mixMinus", func(d []int16) { mixMinus(d, sum, pcm, gain) }, func(d []int16) { mixMinusScalar(d, sum, pcm, gain) })
	same16("scale", func(d []int16) { scale(d, gain) }, func(d []int16) { scaleScalar(d, gain) })
	lo, hi := peak(sum)
	if l, h := peakScalar(sum); lo != l || hi != h {
		t.Fatalf("peak of %d samples: %d %d, want %d %d", n, lo, hi, l, h)
	}
	lo, hi = peakMinus(sum, pcm)
	if l, h := peakMinusScalar(sum, pcm); lo != l || hi != h {
		t.Fatalf("peakMinus of %d samples: %d %d, want %d %d", n, lo, hi, l, h)
	}
	if got, want := energy(pcm), energyScalar(pcm); got != want {
		t.Fatalf("energy of %d samples: %d, want %d", n, got, want)
	}
	for ratio, f := range filters {
		if windows := n - lowTaps + 1; windows > 0 {
			got, want := make([]int32, windows*ratio), make([]int32, windows*ratio)
			interpolate(got, sum, f, ratio)
			interpolateScalar(want, sum, f, ratio)
			if !slices.Equal(got, want) {
				t.Fatalf("interpolate by %d of %d windows differs", ratio, windows)
			}
		}
		if outputs := n/ratio - lowTaps + 1; outputs > 0 {
			got, want := make([]int32, outputs), make([]int32, outputs)
			decimate(got, sum, f, ratio)
			decimateScalar(want, sum, f, ratio)
			if !slices.Equal(got, want) {
				t.Fatalf("decimate by %d to %d outputs differs", ratio, outputs)
			}
		}
	}
}

// The kernels that the machine has are the scalar ones, bit for bit: at every length up
// to 1024, wherever the slices begin, and at the ends of the ranges.
func TestKernelsAreTheScalarOnes(t *testing.T) {
	for n := range 1025 {
		for seed := range uint64(3) {
			offset := (n + int(seed)) % 9
			pcm, sum := material(uint64(n)*3+seed, n+offset)
			checkKernels(t, pcm[offset:], sum[offset:], gains[n%len(gains)])
		}
	}
}

// A filter's tap sum does not leave 64 bits, but may leave the 32 that it is given in:
// that is the same everywhere, too.
func TestKernelsAtFullScale(t *testing.T) {
	sum, pcm := make([]int32, 240), make([]int16, 240)
	for _, v := range []int32{math.MinInt32, math.MaxInt32} {
		for i := range sum {
			sum[i], pcm[i] = v, int16(v>>16)
		}
		for _, gain := range gains {
			checkKernels(t, pcm, sum, gain)
		}
	}
}

func FuzzKernels(f *testing.F) {
	f.Add([]byte{}, int32(Unity))
	f.Add(make([]byte, 6*40), int32(7))
	f.Fuzz(func(t *testing.T, data []byte, gain int32) {
		n := min(len(data)/6, 2048)
		pcm, sum := make([]int16, n), make([]int32, n)
		for i := range n {
			pcm[i] = int16(binary.LittleEndian.Uint16(data[6*i:]))
			sum[i] = int32(binary.LittleEndian.Uint32(data[6*i+2:]))
		}
		checkKernels(t, pcm, sum, min(max(gain, 0), MaxGain))
	})
}

// BenchmarkAgainstScalar is one frame of 20 ms at 48 kHz by each kernel, as this machine
// runs it and as the scalar does.
func BenchmarkAgainstScalar(b *testing.B) {
	pcm, sum := material(2, 960)
	dst, wide := make([]int16, 960), make([]int32, 5760+200)
	f := filters[6]
	for _, k := range []struct {
		name           string
		kernel, scalar func()
	}{
		{"accumulate", func() { accumulate(sum, pcm) }, func() { accumulateScalar(sum, pcm) }},
		{"accumulate32", func() { accumulate32(wide[:960], sum) }, func() { accumulate32Scalar(wide[:960], sum) }},
		{"narrow", func() { narrow(dst, sum) }, func() { narrowScalar(dst, sum) }},
		{"narrowMinus", func() { narrowMinus(dst, sum, pcm) }, func() { narrowMinusScalar(dst, sum, pcm) }},
		{"mix", func() { mix(dst, sum, 30000) }, func() { mixScalar(dst, sum, 30000) }},
		{"mixMinus", func() { mixMinus(dst, sum, pcm, 30000) }, func() { mixMinusScalar(dst, sum, pcm, 30000) }},
		{"scale", func() { scale(dst, 30000) }, func() { scaleScalar(dst, 30000) }},
		{"peak", func() { peak(sum) }, func() { peakScalar(sum) }},
		{"peakMinus", func() { peakMinus(sum, pcm) }, func() { peakMinusScalar(sum, pcm) }},
		{"energy", func() { energy(pcm) }, func() { energyScalar(pcm) }},
		{"interpolate6", func() { interpolate(wide[:960], sum, f, 6) }, func() { interpolateScalar(wide[:960], sum, f, 6) }},
		{"decimate6", func() { decimate(sum[:160], wide, f, 6) }, func() { decimateScalar(sum[:160], wide, f, 6) }},
	} {
		for _, how := range []struct {
			name string
			run  func()
		}{{"kernel", k.kernel}, {"scalar", k.scalar}} {
			b.Run(k.name+"/"+how.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					how.run()
				}
			})
		}
	}
}
