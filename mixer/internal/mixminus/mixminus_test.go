package mixminus

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// whole keeps samples as they are, in the units of dsp.Limiter.
func whole(t *Tree) Gain { return t.Gain(0) }

// draw is a frame of noise at one rate.
func draw(rt *rapid.T, at, peak int) []int16 {
	seed := rapid.Int64().Draw(rt, "seed")
	pcm := make([]int16, rates.Frame(at))
	for i := range pcm {
		seed = seed*6364136223846793005 + 1442695040888963407
		pcm[i] = int16(int(seed>>40) % (peak + 1))
	}
	return pcm
}

// What somebody hears is the sum of all others, to the bit, whatever they say
// themselves.
func TestMinusIsTheOthers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.IntRange(0, rates.Count-1).Draw(rt, "rate")
		tree, bus := NewTree(), &Bus{}
		tree.Heard[at], tree.Spoken[at] = true, true
		tree.Build()
		var said [][]int16
		for range rapid.IntRange(1, 5).Draw(rt, "talkers") {
			said = append(said, draw(rt, at, 5000))
		}
		for range 2 { // the second frame finds nothing of the first
			tree.Begin(bus)
			for _, pcm := range said {
				bus.Say(at, pcm)
			}
			tree.Total(bus)
			got := make([]int16, rates.Frame(at))
			for k, own := range said {
				bus.Minus(got, at, own, whole(&tree))
				want := make([]int16, len(got))
				for j, pcm := range said {
					for i := range want {
						if j != k {
							want[i] += pcm[i]
						}
					}
				}
				if !slices.Equal(got, want) {
					rt.Fatalf("talker %d hears % d, want % d", k, got[:8], want[:8])
				}
				loudest := int32(0)
				for _, v := range want {
					loudest = max(loudest, int32(v), -int32(v))
				}
				if peak := bus.PeakMinus(at, own); peak != loudest {
					rt.Fatalf("a peak of %d, want %d", peak, loudest)
				}
			}
		}
	})
}

// What is said at one rate is heard at the others, with the filter's tail in the
// frame after the last, and then nothing.
func TestBridges(t *testing.T) {
	tree, bus := NewTree(), &Bus{}
	tree.Spoken[0] = true
	for _, i := range []int{0, 1, 3} {
		tree.Heard[i] = true
	}
	tree.Build()
	tone := make([]int16, rates.Frame(0))
	for i := range tone {
		tone[i] = int16(4000 - 8000*(i/8%2)) // 500 Hz, that ends at full swing
	}
	for frame, want := range []bool{true, true, false} {
		tree.Begin(bus)
		if frame == 0 {
			bus.Say(0, tone)
		}
		tree.Total(bus)
		for _, i := range []int{1, 3} {
			if loud := bus.Peak(i) > 50; loud != want {
				t.Errorf("frame %d at %d Hz: a peak of %d", frame, rates.Hz[i], bus.Peak(i))
			}
		}
	}
	if bus.Peak(2) != 0 {
		t.Error("something is heard where nobody listens")
	}
}

// Filters that are still needed are kept when the room changes.
func TestBuildKeepsFilters(t *testing.T) {
	tree := NewTree()
	tree.Spoken[0], tree.Heard[1], tree.Heard[3] = true, true, true
	tree.Build()
	if len(tree.bridges) != 2 {
		t.Fatalf("%d bridges", len(tree.bridges))
	}
	kept := tree.bridges[1].filter
	tree.Heard[1] = false
	tree.Build()
	if len(tree.bridges) != 1 || tree.bridges[0].filter != kept {
		t.Errorf("%d bridges", len(tree.bridges))
	}
}

// Plain is made once a frame, and is what a listener who says nothing hears.
func TestPlain(t *testing.T) {
	tree, bus := NewTree(), &Bus{}
	tree.Heard[1], tree.Spoken[1] = true, true
	tree.Build()
	pcm := make([]int16, rates.Frame(1))
	for i := range pcm {
		pcm[i] = int16(i)
	}
	for _, n := range []int16{1, 2} {
		tree.Begin(bus)
		for range n {
			bus.Say(1, pcm)
		}
		tree.Total(bus)
		got := bus.Plain(1, whole(&tree))
		if &bus.Plain(1, Gain{})[0] != &got[0] || got[100] != 100*n {
			t.Errorf("%d talkers: %d", n, got[100])
		}
	}
}

// What somebody hears apart is the sum of what is said to it, at all rates, below full scale.
func TestAside(t *testing.T) {
	a, bus := NewAside(1), &Bus{}
	a.Build([rates.Count]bool{true, true, false, true})
	loud := make([]int16, rates.Frame(1))
	for i := range loud {
		loud[i] = int16(12000 - 24000*(i/16%2))
	}
	slow := make([]int16, rates.Frame(0))
	for i := range slow {
		slow[i] = int16(4000 - 8000*(i/8%2))
	}
	got := make([]int16, rates.Frame(1))
	for frame := range 4 {
		a.Begin(bus)
		for range 1 + 3*(frame/2) { // four are too loud together
			bus.Say(1, loud)
		}
		bus.Say(0, slow)
		a.Total(bus)
		a.Mix(bus, got)
		want := 16000
		if frame >= 2 {
			want = 31000
		}
		if peak := int(slices.Max(got)); frame%2 == 1 && (peak < want-2000 || peak > 32200) {
			t.Errorf("frame %d: a peak of %d, want about %d", frame, peak, want)
		}
	}
}

// Fades leave nothing of what they end, and step nowhere.
func TestFades(t *testing.T) {
	const hz = 16000
	frame := func(v int16) []int16 { return slices.Repeat([]int16{v}, hz/50) }
	in, out, to := frame(10000), frame(10000), frame(-8000)
	FadeIn(in, hz)
	FadeOut(out, hz)
	Cross(frame(8000), to, hz)
	for name, pcm := range map[string][]int16{"in": in, "out": out, "cross": to} {
		for i := 1; i < len(pcm); i++ {
			if d := int(pcm[i]) - int(pcm[i-1]); d > 400 || d < -400 {
				t.Errorf("%s: a step of %d at %d", name, d, i)
			}
		}
	}
	if in[0] > 400 || in[hz/200] != 10000 || out[hz/200] != 0 || out[0] < 9600 || to[0] < 7600 || to[hz/200] != -8000 {
		t.Errorf("in %d..%d, out %d..%d, cross %d..%d", in[0], in[hz/200], out[0], out[hz/200], to[0], to[hz/200])
	}
}

func BenchmarkAside(b *testing.B) {
	a, bus := NewAside(0), &Bus{}
	a.Build([rates.Count]bool{true, true})
	voice, wide, out := make([]int16, rates.Frame(0)), make([]int16, rates.Frame(1)), make([]int16, rates.Frame(0))
	b.ReportAllocs()
	for b.Loop() {
		a.Begin(bus)
		bus.Say(0, voice)
		bus.Say(0, voice)
		bus.Say(1, wide)
		a.Total(bus)
		a.Mix(bus, out)
	}
}

func BenchmarkFrame(b *testing.B) {
	tree, bus := NewTree(), &Bus{}
	tree.Heard[0], tree.Spoken[0] = true, true
	tree.Build()
	voice := make([]int16, rates.Frame(0))
	out := make([]int16, rates.Frame(0))
	b.ReportAllocs()
	for b.Loop() {
		tree.Begin(bus)
		for range 3 {
			bus.Say(0, voice)
		}
		tree.Total(bus)
		gain := tree.Gain(max(bus.Peak(0), bus.PeakMinus(0, voice)))
		for range 3 {
			bus.Minus(out, 0, voice, gain)
		}
		bus.Plain(0, gain)
	}
}
