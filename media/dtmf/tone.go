package dtmf

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
)

// Call progress tones of North America (ANSI T1.401), as cadences for ParseTones.
const (
	ToneDial       = "350+440"
	ToneRingback   = "440+480/2000,0/4000"
	ToneBusy       = "480+620/500,0/500"
	ToneCongestion = "480+620/250,0/250"
	ToneCallWait   = "440/300,0/10000"
	ToneRecord     = "1400/500,0/15000"
	ToneBeep       = "!1000/300"
)

// Limits of a cadence.
const (
	maxToneParts = 64
	maxToneHz    = 4000
	maxToneLen   = time.Minute // of all parts together
)

// Tone is one part of a cadence.
type Tone struct {
	// Low and High are the frequencies in Hz; High is 0 for a single tone, both are
	// 0 for silence.
	Low, High int
	// Modulated says that Low is amplitude modulated by High instead of added to it.
	Modulated bool
	// Duration is 0 for a tone without an end.
	Duration time.Duration
	// Once says that the part is left out when the cadence repeats.
	Once bool
}

// Tones is a cadence: its parts follow one another, and those that are not Once
// repeat.
type Tones []Tone

// ParseTones reads a cadence in the notation of Asterisk's indications.conf:
// parts divided by commas, each "f", "f1+f2" or "f1*f2" with an optional
// "/milliseconds" and an optional leading "!" for a part that is played once. An
// error is of kind fault.Invalid.
func ParseTones(s string) (Tones, error) {
	parts := strings.Split(s, ",")
	if len(parts) > maxToneParts {
		return nil, fault.New(fault.Invalid, "dtmf: cadence of more than %d parts", maxToneParts)
	}
	var tones Tones
	var total time.Duration
	for _, part := range parts {
		t, err := parseTone(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if total += t.Duration; total > maxToneLen {
			return nil, fault.New(fault.Invalid, "dtmf: cadence of more than %v", maxToneLen)
		}
		tones = append(tones, t)
	}
	return tones, nil
}

func parseTone(s string) (t Tone, err error) {
	rest, once := strings.CutPrefix(s, "!")
	t.Once = once
	rest, length, timed := strings.Cut(rest, "/")
	if timed {
		ms, err := strconv.ParseUint(length, 10, 32)
		if err != nil || ms == 0 || time.Duration(ms)*time.Millisecond > maxToneLen {
			return Tone{}, fault.New(fault.Invalid, "dtmf: tone %q: length is not in 1..%d ms", s, maxToneLen.Milliseconds())
		}
		t.Duration = time.Duration(ms) * time.Millisecond
	}
	low, high, two := strings.Cut(rest, "+")
	if !two {
		low, high, two = strings.Cut(rest, "*")
		t.Modulated = two
	}
	if t.Low, err = parseHz(s, low); err != nil {
		return Tone{}, err
	}
	if two {
		if t.High, err = parseHz(s, high); err != nil {
			return Tone{}, err
		}
	}
	return t, nil
}

func parseHz(tone, s string) (int, error) {
	hz, err := strconv.ParseUint(s, 10, 16)
	if err != nil || hz > maxToneHz {
		return 0, fault.New(fault.Invalid, "dtmf: tone %q: frequency is not in 0..%d Hz", tone, maxToneHz)
	}
	return int(hz), nil
}

// String prints the cadence as ParseTones reads it.
func (ts Tones) String() string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(',')
		}
		if t.Once {
			b.WriteByte('!')
		}
		b.WriteString(strconv.Itoa(t.Low))
		if t.High != 0 || t.Modulated {
			b.WriteByte(map[bool]byte{false: '+', true: '*'}[t.Modulated])
			b.WriteString(strconv.Itoa(t.High))
		}
		if t.Duration > 0 {
			b.WriteByte('/')
			b.WriteString(strconv.FormatInt(t.Duration.Milliseconds(), 10))
		}
	}
	return b.String()
}

// Clip renders the cadence at a sample rate in Hz: the parts that come first, once,
// and the loop that repeats for ever after. A part without an end is a loop of one
// second, which holds whole periods of every frequency, and ends the cadence; loop
// is empty where nothing repeats. Level is the peak of each frequency in dBFS,
// 0 or below; −13 is usual.
func (ts Tones) Clip(rate int, level float64) (lead, loop []int16) {
	peak := 32767 * math.Pow(10, min(level, 0)/20)
	var first []int16 // the whole first pass
	mixed := false    // a part that is played once comes after one that repeats
	for _, t := range ts {
		if t.Duration == 0 {
			whole := make([]int16, rate)
			t.render(whole, rate, peak)
			return first, whole
		}
		pcm := make([]int16, int(int64(rate)*int64(t.Duration)/int64(time.Second)))
		t.render(pcm, rate, peak)
		fadeEdges(pcm, rate)
		first = append(first, pcm...)
		if t.Once {
			lead = append(lead, pcm...)
			mixed = mixed || len(loop) > 0
		} else {
			loop = append(loop, pcm...)
		}
	}
	if mixed {
		lead = first
	}
	return lead, loop
}

func (t Tone) render(pcm []int16, rate int, peak float64) {
	if t.Low == 0 && t.High == 0 {
		return
	}
	low, high := 2*math.Pi*float64(t.Low)/float64(rate), 2*math.Pi*float64(t.High)/float64(rate)
	for i := range pcm {
		v := math.Sin(low * float64(i))
		if t.Modulated {
			v *= 1 + 0.9*math.Sin(high*float64(i)) // 90 %, Q.35
		} else {
			v += math.Sin(high * float64(i))
		}
		pcm[i] = int16(math.Round(min(max(peak*v, -32767), 32767)))
	}
}

// fadeEdges ramps 2 ms at either end, so that a tone does not click.
func fadeEdges(pcm []int16, rate int) {
	n := min(rate/500, len(pcm)/2)
	for i := range n {
		pcm[i] = int16(int(pcm[i]) * i / n)
		pcm[len(pcm)-1-i] = int16(int(pcm[len(pcm)-1-i]) * i / n)
	}
}

// The DTMF pairs (ITU-T Q.23), and the usual levels: the upper group 2 dB above
// the lower one.
var (
	rowHz    = [4]int{697, 770, 852, 941}
	columnHz = [4]int{1209, 1336, 1477, 1633}
)

const (
	keypad     = "123A456B789C*0#D"
	rowPeak    = 9056  // −8 dBm0
	columnPeak = 11401 // −6 dBm0
)

// DigitClip is the audible pair of a digit at a sample rate in Hz, for streams
// without telephone-event. Flash and what is no digit gives fault.Invalid.
func DigitClip(digit byte, rate int, length time.Duration) ([]int16, error) {
	if 'a' <= digit && digit <= 'd' {
		digit -= 'a' - 'A'
	}
	key := strings.IndexByte(keypad, digit)
	if key < 0 {
		return nil, fault.New(fault.Invalid, "dtmf: %q has no tones", digit)
	}
	if rate < 8000 || length <= 0 || length > maxLength {
		return nil, fault.New(fault.Invalid, "dtmf: no tone of %v at %d Hz", length, rate)
	}
	pcm := make([]int16, int(int64(rate)*int64(length)/int64(time.Second)))
	row := 2 * math.Pi * float64(rowHz[key/4]) / float64(rate)
	column := 2 * math.Pi * float64(columnHz[key%4]) / float64(rate)
	for i := range pcm {
		pcm[i] = int16(math.Round(rowPeak*math.Sin(row*float64(i)) + columnPeak*math.Sin(column*float64(i))))
	}
	fadeEdges(pcm, rate)
	return pcm, nil
}
