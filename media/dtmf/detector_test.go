package dtmf_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/dtmf"
)

// pair is two tones, and what is beside them.
type pair struct {
	low, high           float64 // Hz
	lowLevel, highLevel float64 // dBm0
	third, thirdLevel   float64
}

var (
	lows  = []float64{697, 770, 852, 941}
	highs = []float64{1209, 1336, 1477, 1633}
)

const pad = "123A456B789C*0#D"

func pairOf(key int) pair {
	return pair{low: lows[key/4], high: highs[key%4], lowLevel: -10, highLevel: -10}
}

// amplitude is that of a tone of a level in dBm0.
func amplitude(level float64) float64 { return 32768 * math.Pow(10, (level-3.17)/20) }

func (p pair) at(i int) float64 {
	t := 2 * math.Pi * float64(i) / 8000
	v := amplitude(p.lowLevel)*math.Sin(t*p.low) + amplitude(p.highLevel)*math.Sin(t*p.high+1)
	if p.third > 0 {
		v += amplitude(p.thirdLevel) * math.Sin(t*p.third+2)
	}
	return v
}

// signal is pieces of a pair and of silence by turns, each of a length in ms, with
// silence around them.
func signal(p pair, ms ...float64) []float64 {
	var out []float64
	pause := make([]float64, 800)
	out = append(out, pause...)
	for i, d := range ms {
		for range int(d * 8) {
			v := 0.0
			if i%2 == 0 {
				v = p.at(len(out))
			}
			out = append(out, v)
		}
	}
	return append(out, pause...)
}

func quantised(x []float64) []int16 {
	pcm := make([]int16, len(x))
	for i, v := range x {
		pcm[i] = int16(math.Round(min(max(v, -32768), 32767)))
	}
	return pcm
}

// detect gives the digits in audio, and how long they were.
func detect(t testing.TB, pcm []int16) (digits string, lengths []time.Duration) {
	t.Helper()
	d := dtmf.NewDetector()
	open := byte(0)
	take := func(ev dtmf.Event) {
		switch {
		case ev.Kind == dtmf.Begin && open == 0:
			open = ev.Digit
			digits += string(ev.Digit)
		case ev.Kind == dtmf.End && open == ev.Digit:
			open = 0
			lengths = append(lengths, ev.Duration)
		default:
			t.Fatalf("%+v while %q goes on", ev, open)
		}
	}
	for block := range slices.Chunk(pcm, 160) {
		for _, ev := range d.Write(block) {
			take(ev)
		}
	}
	if ev, ok := d.Flush(); ok {
		take(ev)
	}
	return digits, lengths
}

// starts is at how many places beside the detector's windows a signal begins.
var starts = map[bool]int{true: 8, false: 1}[thorough]

// Every digit is found within the limits of Q.24, and once.
func TestDetectorAccepts(t *testing.T) {
	t.Parallel()
	tried := 0
	for key := range pad {
		for _, lowOff := range []float64{-0.015, 0, 0.015} {
			for _, highOff := range []float64{-0.015, 0, 0.015} {
				for _, levels := range [][2]float64{{0, 0}, {-10, -10}, {-29, -29}, {-20, -16}, {-29, -25}, {-12, -20}, {-21, -29}} {
					p := pairOf(key)
					p.low *= 1 + lowOff
					p.high *= 1 + highOff
					p.lowLevel, p.highLevel = levels[0], levels[1]
					for _, start := range []int{0, 13, 27} {
						if start > 0 && !thorough {
							break
						}
						pcm := quantised(signal(p, 40, 40, 40, 40, 100))[start:]
						tried++
						if got, _ := detect(t, pcm); got != string([]byte{pad[key], pad[key], pad[key]}) {
							t.Errorf("%c, %+v: %q", pad[key], p, got)
						}
					}
				}
			}
		}
	}
	t.Logf("%d signals of three digits", tried)
}

// What is beyond the limits is no digit.
func TestDetectorRejects(t *testing.T) {
	t.Parallel()
	for key := range pad {
		for name, change := range map[string]func(*pair) float64{
			"low tone too low":       func(p *pair) float64 { p.low *= 1 - 0.035; return 100 },
			"low tone too high":      func(p *pair) float64 { p.low *= 1 + 0.035; return 100 },
			"high tone too low":      func(p *pair) float64 { p.high *= 1 - 0.035; return 100 },
			"high tone too high":     func(p *pair) float64 { p.high *= 1 + 0.035; return 100 },
			"too short":              func(*pair) float64 { return 23 },
			"too soft":               func(p *pair) float64 { p.lowLevel, p.highLevel = -55, -55; return 100 },
			"one too soft":           func(p *pair) float64 { p.lowLevel = -45; return 100 },
			"high far louder":        func(p *pair) float64 { p.highLevel = p.lowLevel + 9; return 100 },
			"low far louder":         func(p *pair) float64 { p.lowLevel = p.highLevel + 13; return 100 },
			"one tone":               func(p *pair) float64 { p.lowLevel = -90; return 100 },
			"a third tone":           func(p *pair) float64 { p.third, p.thirdLevel = 1060, -12; return 100 },
			"another of its group":   func(p *pair) float64 { p.third, p.thirdLevel = lows[(key/4+2)%4], -13; return 100 },
			"second harmonic, low":   func(p *pair) float64 { p.third, p.thirdLevel = 2*p.low, -20; return 100 },
			"second harmonic, high":  func(p *pair) float64 { p.third, p.thirdLevel = 2*p.high, -20; return 100 },
			"hum":                    func(p *pair) float64 { p.third, p.thirdLevel = 300, -12; return 100 },
			"both too short a while": func(*pair) float64 { return 20 },
		} {
			p := pairOf(key)
			length := change(&p)
			if name == "second harmonic, low" && math.Abs(p.third-p.high) < 160 {
				continue // where it cannot be told from the high tone
			}
			for start := range starts {
				if got, _ := detect(t, quantised(signal(p, length, 50, length))[5*start:]); got != "" {
					t.Errorf("%c, %s (%+v): %q", pad[key], name, p, got)
				}
			}
		}
	}
}

// A break of 23 ms is bridged, a pause of 40 ms divides; lengths are told.
func TestDetectorBreaksAndLengths(t *testing.T) {
	t.Parallel()
	for key := range pad {
		p := pairOf(key)
		for start := range starts {
			if got, _ := detect(t, quantised(signal(p, 50, 23, 50))[5*start:]); got != pad[key:key+1] {
				t.Errorf("%c with a break: %q", pad[key], got)
			}
			if got, _ := detect(t, quantised(signal(p, 50, 40, 50))[5*start:]); len(got) != 2 {
				t.Errorf("%c twice: %q", pad[key], got)
			}
		}
		for _, ms := range []float64{50, 100, 1000} {
			got, lengths := detect(t, quantised(signal(p, ms)))
			if len(lengths) != 1 || math.Abs(lengths[0].Seconds()*1000-ms) > 12 {
				t.Errorf("%c of %v ms: %q, %v", pad[key], ms, got, lengths)
			}
		}
	}
	// Another digit needs no pause.
	x := slices.Concat(signal(pairOf(0), 60)[:800+480], signal(pairOf(5), 60)[800:])
	if got, _ := detect(t, quantised(x)); got != "15" {
		t.Errorf("one after the other: %q", got)
	}
}

// Noise costs no digit down to 15 dB, and makes none.
func TestDetectorInNoise(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise
	for _, snr := range []float64{24, 18, 15} {
		wrong, n := 0, 125*starts
		for i := range n {
			p := pairOf(i % 16)
			p.lowLevel, p.highLevel = -20, -20
			// Noise of the whole band, relative to the power of both tones.
			sigma := amplitude(-20) * math.Pow(10, -snr/20)
			x := signal(p, 50, 50)
			for k := range x {
				x[k] += sigma * r.NormFloat64()
			}
			if got, _ := detect(t, quantised(x)); got != pad[i%16:i%16+1] {
				wrong++
			}
		}
		t.Logf("%v dB: %d of %d digits wrong", snr, wrong, n)
		if wrong > 0 {
			t.Errorf("%v dB: %d of %d digits wrong", snr, wrong, n)
		}
	}
	noise := make([]float64, 8000*60)
	for i := range noise {
		noise[i] = 3000 * r.NormFloat64()
	}
	if got, _ := detect(t, quantised(noise)); got != "" {
		t.Errorf("a minute of noise: %q", got)
	}
}

func TestDetectorAllocatesNothing(t *testing.T) {
	d, pcm := dtmf.NewDetector(), quantised(signal(pairOf(3), 100, 50, 100))
	at := 0
	if n := testing.AllocsPerRun(200, func() {
		d.Write(pcm[at : at+160])
		at = (at + 160) % (len(pcm) - 160)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDetector(b *testing.B) {
	for _, level := range []float64{-10, -90} {
		b.Run(fmt.Sprintf("at_%v_dBm0", level), func(b *testing.B) {
			p := pairOf(3)
			p.lowLevel, p.highLevel = level, level
			d, pcm := dtmf.NewDetector(), quantised(signal(p, 1000))[800:960]
			b.ReportAllocs()
			for b.Loop() {
				d.Write(pcm)
			}
		})
	}
}
