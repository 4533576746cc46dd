package mediatest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// sine is n samples of a sine of an amplitude, 1 being full scale.
func sine(rate, n int, hz, amplitude float64) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(32767 * amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

// noise is n samples of white Gaussian noise of a level in dBFS.
func noise(seed uint64, n int, dBFS float64) []int16 {
	rnd := rand.New(rand.NewPCG(seed, 0))
	sd := math.Sqrt(fullScale) * math.Pow(10, dBFS/20)
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(min(max(sd*rnd.NormFloat64(), -32768), 32767)))
	}
	return pcm
}

// sum is a plus b at a gain.
func sum(a, b []int16, gain float64) []int16 {
	out := make([]int16, len(a))
	for i := range a {
		out[i] = int16(math.Round(min(max(float64(a[i])+gain*float64(b[i]), -32768), 32767)))
	}
	return out
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.3f, want %.3f ± %.3g", what, got, want, tolerance)
	}
}

func TestAlign(t *testing.T) {
	ref := noise(1, 8000, -20)
	for _, lag := range []int{0, 1, 777, 1600, -1, -1600} {
		got, c := Align(ref, stretch(ref, -lag, 8000), 1600)
		if got != lag || c < 0.999 {
			t.Errorf("%d samples: found %d, correlation %.3f", lag, got, c)
		}
	}
	half := sum(make([]int16, 8000), ref, 0.5)
	if lag, c := Align(ref, sum(half, noise(2, 8000, -26), 1), 1600); lag != 0 || math.Abs(c-math.Sqrt(0.5)) > 0.03 {
		t.Errorf("of as much noise: %d, %.3f", lag, c)
	}
	if _, c := Align(ref, noise(2, 8000, -20), 1600); c > 0.1 {
		t.Errorf("something else: correlation %.3f", c)
	}
	if lag, c := Align(ref, make([]int16, 8000), 1600); lag != 0 || c != 0 {
		t.Errorf("silence: %d, %v", lag, c)
	}
	if lag, c := Align(nil, ref, 10); lag != 0 || c != 0 {
		t.Errorf("nothing: %d, %v", lag, c)
	}
}

// A delay that changes on the way is followed.
func TestFollow(t *testing.T) {
	ref := noise(1, 16000, -20)
	got := append(stretch(ref, -100, 8100), stretch(ref, 8000-400, 8400)...)
	clear(got[8100:8500]) // it waits for 400 samples
	got = append(got, ref[15600+400:]...)
	aligned, lags := Follow(ref, got, 100, 4000, 800)
	if want := []int{100, 100, 500, 500}; len(lags) != 4 || lags[1] != want[1] || lags[2] != want[2] || lags[3] != want[3] {
		t.Errorf("delays of %v, want %v", lags, want)
	}
	same := 0
	for i, v := range ref {
		if aligned[i] == v {
			same++
		}
	}
	if same < 15900 {
		t.Errorf("%d of 16000 samples are found", same)
	}
	// Silence is as late as what was before it.
	if _, lags := Follow(make([]int16, 8000), got, 100, 4000, 800); lags[0] != 100 || lags[1] != 100 {
		t.Errorf("silence: %v", lags)
	}
}

func TestLevel(t *testing.T) {
	near(t, "a full sine", Level(sine(8000, 8000, 1000, 1)), 0, 0.01)
	near(t, "a hundredth", Level(sine(8000, 8000, 1000, 0.01)), -40, 0.05)
	near(t, "noise", Level(noise(1, 80000, -30)), -30, 0.1)
	near(t, "silence", Level(make([]int16, 10)), -120, 0)
	near(t, "nothing", Level(nil), -120, 0)
}

func TestToneLevel(t *testing.T) {
	two := sum(sine(16000, 3200, 440, 0.5), sine(16000, 3200, 1000, 0.005), 1)
	near(t, "the loud one", ToneLevel(two, 16000, 440), -6.02, 0.05)
	near(t, "the quiet one", ToneLevel(two, 16000, 1000), -46.02, 0.2)
	for _, hz := range []float64{697, 941, 1336} { // between the lines
		near(t, "a tone", ToneLevel(sine(8000, 320, hz, 0.1), 8000, hz), -20, 0.2)
	}
	if db := ToneLevel(two, 16000, 2500); db > -80 {
		t.Errorf("no tone at %.1f dBFS", db)
	}
	if db := ToneLevel(sine(8000, 800, 1000, 1), 8000, 1040); db > -30 { // four lines away
		t.Errorf("a neighbour counts for %.1f dB", db)
	}
	near(t, "silence", ToneLevel(make([]int16, 100), 8000, 440), -120, 0)
}

func TestResidue(t *testing.T) {
	own, other := noise(1, 16000, -20), noise(2, 16000, -25)
	late := stretch(own, -333, len(own))
	near(t, "all of it", Residue(own, own, 800), -20, 0.1)
	near(t, "30 dB less, late", Residue(sum(noise(2, 16000, -45), late, 0.0316), own, 800), -50, 1)
	near(t, "turned", Residue(sum(make([]int16, 16000), late, -0.1), own, 800), -40, 0.1)
	if db := Residue(other, own, 800); db > -55 { // −25 less 42, and some for chance
		t.Errorf("of none %.1f dBFS are found", db)
	}
	if db := Residue(make([]int16, 16000), own, 800); db != -120 {
		t.Errorf("in silence %.1f dBFS are found", db)
	}
	if db := Residue(own, make([]int16, 16000), 800); db != -120 {
		t.Errorf("of silence %.1f dBFS are found", db)
	}
}

func TestSegmentalSNR(t *testing.T) {
	ref := noise(1, 32000, -20)
	for _, snr := range []float64{0, 10, 20, 30} {
		near(t, "a known ratio", SegmentalSNR(ref, sum(ref, noise(2, 32000, -20-snr), 1), 16000), snr, 0.3)
	}
	near(t, "the same", SegmentalSNR(ref, ref, 16000), 35, 0)
	near(t, "nothing", SegmentalSNR(ref, make([]int16, 32000), 16000), 0, 0.001)
	near(t, "much worse", SegmentalSNR(ref, noise(2, 32000, 0), 16000), -10, 0.001)
	// What happens in a pause of the reference does not count.
	pause := append(append([]int16{}, ref[:16000]...), make([]int16, 16000)...)
	near(t, "in a pause", SegmentalSNR(pause, sum(pause, append(make([]int16, 16000), ref[:16000]...), 1), 16000), 35, 0)
	if !math.IsNaN(SegmentalSNR(make([]int16, 32000), ref, 16000)) {
		t.Error("silence has a ratio")
	}
}

func TestLogSpectralDistance(t *testing.T) {
	ref := noise(1, 32000, -15)
	near(t, "the same", LogSpectralDistance(ref, ref, 16000, Wideband), 0, 0)
	near(t, "half", LogSpectralDistance(ref, sum(make([]int16, 32000), ref, 0.5), 16000, Wideband), 6.02, 0.02)
	near(t, "a tenth", LogSpectralDistance(ref, sum(make([]int16, 32000), ref, 0.1), 16000, Wideband), 20, 0.3)
	// The logarithm of an exponential variable has a deviation of 5.57 dB; two of them √2 of it.
	near(t, "other noise", LogSpectralDistance(ref, noise(2, 32000, -15), 16000, Wideband), 5.57*math.Sqrt2, 0.3)
	// A tone outside of the band is not seen, inside it is.
	tone := sum(ref, sine(16000, 32000, 5000, 0.3), 1)
	near(t, "outside", LogSpectralDistance(ref, tone, 16000, Narrowband), 0, 0.1)
	if d := LogSpectralDistance(ref, tone, 16000, Wideband); d < 1 {
		t.Errorf("inside: %.2f dB", d)
	}
}

func TestClicks(t *testing.T) {
	clean := sine(16000, 16000, 440, 0.3)
	if at := Clicks(clean, 16000); len(at) != 0 {
		t.Errorf("clicks in a sine at %v", at)
	}
	if at := Clicks(noise(1, 16000, -20), 16000); len(at) != 0 {
		t.Errorf("clicks in noise at %v", at)
	}
	for name, damage := range map[string]func(pcm []int16){
		"a sample":  func(pcm []int16) { pcm[8000] += 5000 },
		"a jump":    func(pcm []int16) { copy(pcm[8000:], sine(16000, 8009, 440, -0.3)[9:]) },
		"an end":    func(pcm []int16) { clear(pcm[8009:]) },
		"a hole":    func(pcm []int16) { clear(pcm[8009:8030]) },
		"a new one": func(pcm []int16) { copy(pcm[8000:], sine(16000, 8010, 300, 0.3)[10:]) },
	} {
		pcm := append([]int16{}, clean...)
		damage(pcm)
		at := Clicks(pcm, 16000)
		if len(at) != 1 || at[0] < 7990 || at[0] > 8020 {
			t.Errorf("%s: clicks at %v", name, at)
		}
	}
	two := append([]int16{}, clean...)
	two[4000] += 5000
	two[12000] -= 5000
	if at := Clicks(two, 16000); len(at) != 2 {
		t.Errorf("two: clicks at %v", at)
	}
	if at := Clicks(nil, 16000); at != nil {
		t.Errorf("nothing: %v", at)
	}
}

func TestGaps(t *testing.T) {
	ref := noise(1, 16000, -20)
	clear(ref[12000:]) // it pauses
	got := append([]int16{}, ref...)
	clear(got[4000:4320])   // 20 ms
	clear(got[8000:8048])   // 3 ms
	clear(got[11000:12000]) // 62.5 ms, and on into the pause
	gaps := Gaps(ref, got, 16000, 5*time.Millisecond)
	if len(gaps) != 2 || gaps[0].At > 4000 || gaps[0].At < 3999 || gaps[0].Length < 20*time.Millisecond || gaps[0].Length > 20200*time.Microsecond {
		t.Errorf("gaps: %+v", gaps)
	}
	if d := gaps[len(gaps)-1].Length; d < 62*time.Millisecond || d > 63*time.Millisecond {
		t.Errorf("before a pause: a gap of %v", d)
	}
	if len(Gaps(ref, ref, 16000, 5*time.Millisecond)) != 0 {
		t.Error("gaps in what is the same")
	}
	// A hum at −55 dBFS is no gap, one at −66 is.
	for amplitude, want := range map[float64]int{0.00178: 0, 0.0005: 1} {
		got := append([]int16{}, ref...)
		copy(got[4000:4800], sine(16000, 800, 1000, amplitude))
		if gaps := Gaps(ref, got, 16000, 5*time.Millisecond); len(gaps) != want {
			t.Errorf("a hum of %v: gaps %+v", amplitude, gaps)
		}
	}
}
