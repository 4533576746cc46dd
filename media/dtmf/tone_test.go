package dtmf

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

const ms = time.Millisecond

// cadences feed parse, print and fuzz; nil means refused.
var cadences = []struct {
	text string
	want Tones
}{
	{ToneDial, Tones{{Low: 350, High: 440}}},
	{ToneRingback, Tones{{Low: 440, High: 480, Duration: 2000 * ms}, {Duration: 4000 * ms}}},
	{ToneBeep, Tones{{Low: 1000, Duration: 300 * ms, Once: true}}},
	{"!950/330,!1400/330,!1800/330,0", Tones{{Low: 950, Duration: 330 * ms, Once: true}, {Low: 1400, Duration: 330 * ms, Once: true}, {Low: 1800, Duration: 330 * ms, Once: true}, {}}},
	{"400*25/1000", Tones{{Low: 400, High: 25, Modulated: true, Duration: 1000 * ms}}},
	{"", nil},
	{"x", nil},
	{"440/", nil},
	{"440/0", nil},
	{"440/60001", nil},
	{"440/30000,480/30001", nil},
	{"4001", nil},
	{"-1", nil},
	{"440+", nil},
	{"440+480+620", nil},
	{"440,,480", nil},
	{"440/99999999999999999999", nil},
}

func TestParseTones(t *testing.T) {
	for _, c := range cadences {
		got, err := ParseTones(c.text)
		if c.want == nil {
			if fault.Of(err) != fault.Invalid {
				t.Errorf("%q: %v, %v", c.text, got, err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
		if got.String() != c.text {
			t.Errorf("%q prints as %q", c.text, got.String())
		}
	}
	if got, err := ParseTones(" 480+620/500, 0/500"); err != nil || got.String() != ToneBusy {
		t.Errorf("with spaces: %v, %v", got, err)
	}
	long := slices.Repeat([]byte("0/1,"), maxToneParts)
	if _, err := ParseTones(string(long) + "0/1"); fault.Of(err) != fault.Invalid {
		t.Errorf("a long cadence: %v", err)
	}
}

func amplitude(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, v := range pcm {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		re, im = re+c*float64(v), im+s*float64(v)
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

func clip(t *testing.T, cadence string, rate int) (lead, loop []int16) {
	t.Helper()
	tones, err := ParseTones(cadence)
	if err != nil {
		t.Fatal(err)
	}
	return tones.Clip(rate, -13)
}

func TestClip(t *testing.T) {
	const want = 7336.0 // −13 dBFS
	near := func(name string, got float64) {
		t.Helper()
		if math.Abs(got-want) > want/50 {
			t.Errorf("%s at %.0f, want %.0f", name, got, want)
		}
	}
	for _, rate := range []int{8000, 16000, 48000} {
		lead, loop := clip(t, ToneRingback, rate)
		if len(lead) != 0 || len(loop) != 6*rate {
			t.Fatalf("ringback: %d and %d samples at %d Hz", len(lead), len(loop), rate)
		}
		near("440 Hz", amplitude(loop[:2*rate], rate, 440))
		near("480 Hz", amplitude(loop[:2*rate], rate, 480))
		for _, v := range loop[2*rate:] {
			if v != 0 {
				t.Fatal("the pause is not silent")
			}
		}
		lead, loop = clip(t, ToneDial, rate)
		if len(lead) != 0 || len(loop) != rate {
			t.Fatalf("dial tone: %d and %d samples", len(lead), len(loop))
		}
		near("350 Hz", amplitude(loop, rate, 350))
		seam := int(loop[0]) - int(loop[rate-1]) // the loop closes on itself
		if step := int(loop[1]) - int(loop[0]); max(seam-step, step-seam) > 30 {
			t.Errorf("the loop's seam steps by %d, its start by %d", seam, step)
		}
	}
	lead, loop := clip(t, ToneBeep, 8000)
	if len(lead) != 2400 || len(loop) != 0 {
		t.Errorf("beep: %d and %d samples", len(lead), len(loop))
	}
	lead, loop = clip(t, "440/100,350+440", 8000)
	if len(lead) != 800 || len(loop) != 8000 {
		t.Errorf("a tone before an endless one: %d and %d samples", len(lead), len(loop))
	}
	lead, loop = clip(t, "440/100,!480/200,620/300", 8000)
	if len(lead) != 4800 || len(loop) != 3200 {
		t.Errorf("a part played once in the middle: %d and %d samples", len(lead), len(loop))
	}
	_, loop = clip(t, "1000*100/1000", 8000)
	if c, s := amplitude(loop, 8000, 1000), amplitude(loop, 8000, 1100); math.Abs(s/c-0.45) > 0.01 {
		t.Errorf("side band at %.2f of the carrier", s/c)
	}
}

func TestDigitClip(t *testing.T) {
	for key, digit := range keypad {
		pcm, err := DigitClip(byte(digit), 8000, 100*ms)
		if err != nil || len(pcm) != 800 {
			t.Fatalf("%c: %d samples, %v", digit, len(pcm), err)
		}
		for i, hz := range append(rowHz[:], columnHz[:]...) {
			a, present := amplitude(pcm, 8000, float64(hz)), i == key/4 || i == 4+key%4
			if present && a < 8000 || !present && a > 2000 {
				t.Errorf("%c: %d Hz at %.0f", digit, hz, a)
			}
		}
	}
	for _, c := range []struct {
		digit  byte
		rate   int
		length time.Duration
	}{{FlashDigit, 8000, ms}, {'x', 8000, ms}, {'1', 0, ms}, {'1', 8000, 0}, {'1', 8000, time.Hour}} {
		if _, err := DigitClip(c.digit, c.rate, c.length); fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := DigitClip('d', 8000, ms); err != nil {
		t.Errorf("lower case: %v", err)
	}
}

func FuzzTones(f *testing.F) {
	for _, c := range cadences {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tones, err := ParseTones(s)
		if err != nil {
			return
		}
		again, err := ParseTones(tones.String())
		if err != nil || !slices.Equal(again, tones) {
			t.Fatalf("%q prints as %q, which reads as %v, %v", s, tones.String(), again, err)
		}
	})
}

func BenchmarkDigitClip(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DigitClip('5', 8000, 100*ms); err != nil {
			b.Fatal(err)
		}
	}
}
