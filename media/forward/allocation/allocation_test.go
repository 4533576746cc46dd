package allocation

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/skygenesisenterprise/skybridge/media/forward"
)

var paused = Choice{Layer: forward.Paused}

// camera is a wish for a track of 180, 360 and 720 lines, of three temporal layers each:
// without headers 150, 500 and 1,500 kbit/s.
func camera(height int) Wish {
	w := Wish{Count: 3, Height: height}
	for i, kbps := range []int{150, 500, 1500} {
		w.Layers[i] = forward.Layer{Active: true, Height: 180 << i, Width: 320 << i, Temporal: 3}
		for t, part := range []int{50, 75, 100, 100} {
			w.Layers[i].Rates[t] = kbps * 1000 * part / 100
		}
	}
	return w
}

func screen(height int) Wish {
	w := camera(height)
	w.Screen = true
	return w
}

func speaking(w Wish) Wish {
	w.Speaking = true
	return w
}

func TestAllocate(t *testing.T) {
	for _, c := range []struct {
		name   string
		kbps   int
		wishes []Wish
		want   []Choice
	}{
		{"all that is wanted", 10_000, []Wish{camera(Large), camera(Small), screen(Large)}, []Choice{{2, 2}, {0, 2}, {2, 2}}},
		{"hidden is nothing", 10_000, []Wish{camera(Hidden), camera(360)}, []Choice{paused, {1, 2}}},
		{"nothing fits", 50, []Wish{camera(Large), camera(Small)}, []Choice{paused, paused}},
		{"the least of each first", 250, []Wish{camera(Small), camera(Large), camera(Small)}, []Choice{{0, 0}, {0, 0}, {0, 0}}},
		{"large before the others", 780, []Wish{camera(Small), camera(Large), camera(Small)}, []Choice{{0, 2}, {1, 2}, {0, 0}}},
		{"who speaks before who does not", 290, []Wish{camera(Small), camera(Small), speaking(camera(Small))}, []Choice{{0, 0}, {0, 0}, {0, 1}}},
		{"a screen before all", 1100, []Wish{camera(Large), screen(Large)}, []Choice{{0, 2}, {2, 0}}},
		{"a screen has pixels before frames", 800, []Wish{screen(Large)}, []Choice{{2, 0}}},
		{"a smaller screen is better than none", 400, []Wish{screen(Large)}, []Choice{{1, 1}}},
		{"a camera has frames before pixels", 300, []Wish{camera(Large)}, []Choice{{0, 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a Allocator
			r := a.Allocate(time.Hour, c.kbps*1000, c.wishes)
			var got []Choice
			for i := range c.wishes {
				got = append(got, c.wishes[i].Choice)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if r.Used > c.kbps*1000 {
				t.Errorf("%d used", r.Used)
			}
		})
	}
}

// TestWhatIsNotMeasured: a layer of a sender who has just begun counts as the usual.
func TestWhatIsNotMeasured(t *testing.T) {
	w := camera(Large)
	for i := range w.Layers {
		w.Layers[i].Rates = [forward.MaxTemporal]int{}
	}
	var a Allocator
	wishes := []Wish{w}
	if r := a.Allocate(time.Hour, 600_000, wishes); wishes[0].Choice.Layer != 1 || r.Want < 1_500_000 {
		t.Errorf("%+v, %+v", wishes[0].Choice, r)
	}
	for i := range wishes[0].Layers {
		wishes[0].Layers[i].Active = false
	}
	if a.Allocate(time.Hour, 600_000, wishes); wishes[0].Choice != paused {
		t.Errorf("%+v of a source that sends nothing", wishes[0].Choice)
	}
}

// TestDownAtOnceAndUpLater follows a camera through less and more.
func TestDownAtOnceAndUpLater(t *testing.T) {
	var a Allocator
	wishes := []Wish{camera(Large)}
	now := time.Hour
	for _, step := range []struct {
		after time.Duration
		kbps  int
		want  Choice
	}{
		{0, 2000, Choice{2, 2}},
		{time.Second, 1000, Choice{1, 2}},
		{time.Second, 2000, Choice{1, 2}},      // it has just come down
		{10 * time.Second, 1600, Choice{2, 1}}, // 1,590 kbit/s are no 15 % below it
		{time.Second, 2000, Choice{2, 2}},
		{time.Second, 1700, Choice{2, 2}}, // what is sent stays as long as it fits
		{time.Second, 60, paused},
		{time.Second, 2000, paused},
		{time.Minute, 2000, Choice{2, 2}},
	} {
		now += step.after
		a.Allocate(now, step.kbps*1000, wishes)
		if got := wishes[0].Choice; got != step.want {
			t.Fatalf("%v with %d kbit/s: %v, want %v", now-time.Hour, step.kbps, got, step.want)
		}
	}
}

// TestStableUnderNoise: estimates and rates that vary by a tenth change what is sent a few
// times in ten minutes, not with each of them.
func TestStableUnderNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, kbps := range []int{300, 600, 900, 1200, 1800, 2500, 4000} {
		var a Allocator
		wishes := []Wish{camera(Large), speaking(camera(Small)), camera(Small), screen(Large)}
		steady := slices.Clone(wishes)
		changes := 0
		for s := range 1200 {
			for i := range wishes {
				for l := range 3 {
					f := 0.9 + rng.Float64()/5
					for k := range steady[i].Layers[l].Rates {
						wishes[i].Layers[l].Rates[k] = int(f * float64(steady[i].Layers[l].Rates[k]))
					}
				}
			}
			before := slices.Clone(wishes)
			a.Allocate(time.Hour+time.Duration(s)*500*time.Millisecond, int(float64(kbps)*1000*(0.9+rng.Float64()/5)), wishes)
			for i := range wishes {
				if wishes[i].Choice != before[i].Choice {
					changes++
				}
			}
		}
		t.Logf("%d kbit/s: %d changes of four in ten minutes", kbps, changes)
		if changes > 120 {
			t.Errorf("%d kbit/s: %d changes of four in ten minutes", kbps, changes)
		}
	}
}

// TestProperties: whatever is wished for and however the estimate goes, what is chosen fits, is
// what the source sends and no more than is shown; and nobody has more than the least while one
// before could go up for it.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a Allocator
		n := rapid.IntRange(1, 12).Draw(t, "wishes")
		wishes := make([]Wish, n)
		now := time.Hour
		fresh := rapid.Bool().Draw(t, "fresh")
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			for i := range wishes {
				if fresh || !wishes[i].began || rapid.IntRange(0, 3).Draw(t, "changes") == 0 {
					draw(t, &wishes[i])
				}
			}
			if fresh {
				for i := range wishes {
					wishes[i].began, wishes[i].wait, wishes[i].after = false, 0, 0
				}
			}
			estimate := rapid.IntRange(0, 8_000_000).Draw(t, "estimate")
			now += time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond
			r := a.Allocate(now, estimate, wishes)
			sum := 0
			for i := range wishes {
				w := &wishes[i]
				sum += w.price(w.Choice)
				sane(t, w)
			}
			if sum > estimate || sum != r.Used {
				t.Fatalf("%d chosen, %d said to be used, of %d", sum, r.Used, estimate)
			}
			if fresh {
				fair(t, &a, wishes, estimate-sum)
			}
		}
	})
}

func draw(t *rapid.T, w *Wish) {
	w.Count = rapid.IntRange(1, forward.MaxLayers).Draw(t, "layers")
	rate := 0
	for i := range w.Count {
		l := &w.Layers[i]
		*l = forward.Layer{
			Active: rapid.IntRange(0, 4).Draw(t, "inactive") > 0, Height: rapid.SampledFrom([]int{0, 90 << i}).Draw(t, "height"),
			Temporal: rapid.IntRange(1, 3).Draw(t, "temporal"),
		}
		rate += rapid.IntRange(1, 1_000_000).Draw(t, "rate") // of larger layers it is higher
		for k := range l.Rates {
			l.Rates[k] = rate * min(k+1, l.Temporal) / l.Temporal
		}
	}
	w.Height = rapid.SampledFrom([]int{Hidden, Small, 360, Large}).Draw(t, "shown")
	w.Screen, w.Speaking = rapid.IntRange(0, 5).Draw(t, "screen") == 0, rapid.Bool().Draw(t, "speaks")
}

func sane(t *rapid.T, w *Wish) {
	t.Helper()
	c := w.Choice
	if c.Layer == forward.Paused {
		return
	}
	if w.Height == Hidden || int(c.Layer) >= w.Count || !w.Layers[c.Layer].Active || int(c.Temporal) >= w.Layers[c.Layer].Temporal {
		t.Fatalf("%+v of %+v", c, w)
	}
	for i := range c.Layer {
		if w.Layers[i].Active && w.Layers[i].Height >= w.Height {
			t.Fatalf("layer %d, and %d has the %d lines that are shown", c.Layer, i, w.Height)
		}
	}
}

// fair holds each against those behind it, where nothing was chosen before.
func fair(t *rapid.T, a *Allocator, wishes []Wish, left int) {
	t.Helper()
	for at, i := range a.order {
		w := &wishes[i]
		better, ok := w.above(w.Choice)
		if !ok || w.Choice == paused {
			continue
		}
		for _, k := range a.order[at+1:] {
			b := &wishes[k]
			if b.Choice == paused || b.Screen {
				continue
			}
			surplus := b.price(b.Choice) - b.price(Choice{Layer: b.lowest()})
			if surplus > 0 && w.price(better) <= w.price(w.Choice)+left+surplus {
				t.Fatalf("%d has %+v and could have %+v for what %d has beyond its least: %+v", i, w.Choice, better, k, b.Choice)
			}
		}
	}
}

func TestAllocateAllocatesNothing(t *testing.T) {
	var a Allocator
	wishes := make([]Wish, 50)
	for i := range wishes {
		wishes[i] = camera(Small)
	}
	a.Allocate(time.Hour, 3_000_000, wishes)
	if n := testing.AllocsPerRun(20, func() { a.Allocate(time.Hour, 3_000_000, wishes) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAllocate(b *testing.B) {
	var a Allocator
	wishes := make([]Wish, 50)
	for i := range wishes {
		wishes[i] = camera(Small)
	}
	b.ReportAllocs()
	for b.Loop() {
		a.Allocate(time.Hour, 3_000_000, wishes)
	}
}
