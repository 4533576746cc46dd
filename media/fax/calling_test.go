package fax

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

// tone is a sine of a level in dBm0, and silence around it.
func tone(hz, dBm0 float64, length time.Duration) []int16 {
	amplitude := 32768 * math.Pow(10, (dBm0-fullScale)/20)
	out := make([]int16, 2*Rate+int(length*Rate/time.Second))
	for i := range int(length * Rate / time.Second) {
		out[Rate+i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/Rate)))
	}
	return out
}

// hears gives PCM to a detector in frames and counts what it tells.
func hears(pcm []int16) (times int) {
	var d Detector
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		if d.Write(pcm[:n]) {
			times++
		}
		pcm = pcm[n:]
	}
	return times
}

// coded is PCM behind a codec.
func coded(pcm []int16, encode func([]byte, []int16), decode func(byte) int16) []int16 {
	codes, out := make([]byte, len(pcm)), make([]int16, len(pcm))
	encode(codes, pcm)
	for i, c := range codes {
		out[i] = decode(c)
	}
	return out
}

func TestCallingTone(t *testing.T) {
	const half = 500 * time.Millisecond
	for _, c := range []struct {
		hz, dBm0 float64
		length   time.Duration
		want     int
	}{
		{1100, -10, half, 1}, {1062, -10, half, 1}, {1138, -10, half, 1}, {1100, 0, half, 1}, {1100, -43, half, 1},
		{1100, -10, 425 * time.Millisecond, 1}, {1100, -10, 575 * time.Millisecond, 1},
		{1020, -10, half, 0}, {1180, -10, half, 0}, {2100, -10, half, 0}, {550, -10, half, 0}, {440, -10, half, 0},
		{1100, -55, half, 0}, {1100, -10, 300 * time.Millisecond, 0}, {1100, -10, 800 * time.Millisecond, 0}, {1100, -10, 5 * time.Second, 0},
	} {
		t.Run(fmt.Sprintf("%v Hz %v dBm0 %v", c.hz, c.dBm0, c.length), func(t *testing.T) {
			if got := hears(tone(c.hz, c.dBm0, c.length)); got != c.want {
				t.Errorf("heard %d times, want %d", got, c.want)
			}
		})
	}
}

// It is heard through the codecs of the telephone network, in noise 20 dB below, and with a
// lost packet in the middle; twice when it comes twice.
func TestCallingToneOnALine(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	clean := tone(1100, -15, 500*time.Millisecond)
	change := func(f func(i int, s int16) int16) []int16 {
		out := make([]int16, len(clean))
		for i, s := range clean {
			out[i] = f(i, s)
		}
		return out
	}
	amplitude := 32768 * math.Pow(10, (-15-fullScale)/20)
	for name, pcm := range map[string][]int16{
		"µ-law": coded(clean, g711.EncodeMuLaw, g711.MuLawSample),
		"A-law": coded(clean, g711.EncodeALaw, g711.ALawSample),
		"noise": change(func(_ int, s int16) int16 { return s + int16(random.NormFloat64()*amplitude/math.Sqrt2/10) }),
		"a hole": change(func(i int, s int16) int16 {
			if i >= Rate+2000 && i < Rate+2160 {
				return 0
			}
			return s
		}),
	} {
		if got := hears(pcm); got != 1 {
			t.Errorf("%s: heard %d times", name, got)
		}
	}
	if got := hears(append(append([]int16{}, clean...), clean...)); got != 2 {
		t.Errorf("heard %d times of two", got)
	}
}

// Neither keys, nor noise, nor a person is a facsimile machine.
func TestNoCallingTone(t *testing.T) {
	keys, err := dtmf.DigitsClip("0123456789*#ABCD", Rate, 500*time.Millisecond, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := hears(keys); got != 0 {
		t.Errorf("in keys: %d", got)
	}
	random := rand.New(rand.NewPCG(3, 4))
	noise := make([]int16, 60*Rate)
	for i := range noise {
		noise[i] = int16(random.NormFloat64() * 3000)
	}
	if got := hears(noise); got != 0 {
		t.Errorf("in noise: %d", got)
	}
}

// Nor is music: the notes around the tone's frequency, as long as it is, on instruments.
func TestNoCallingToneInMusic(t *testing.T) {
	const length = Rate / 2
	for name, overtones := range map[string][]float64{
		"strings":  {1, 0.7, 0.5, 0.35, 0.25, 0.2},
		"clarinet": {1, 0, 0.75, 0, 0.5, 0, 0.3},
		"piano":    {1, 0.6, 0.3, 0.15},
	} {
		for halftone := -24; halftone <= 24; halftone++ {
			hz := 440 * math.Pow(2, float64(12+halftone)/12)
			for _, chord := range [][]float64{{1}, {1, 1.2599, 1.4983}, {1, 1.1892, 1.4983}} {
				pcm := make([]int16, 3*length)
				for i := range length {
					var sum float64
					for _, interval := range chord {
						for k, a := range overtones {
							if f := hz * interval * float64(k+1); f < Rate/2 {
								sum += a * math.Sin(2*math.Pi*f*float64(i)/Rate)
							}
						}
					}
					pcm[length+i] = int16(2000 * sum)
				}
				if got := hears(pcm); got != 0 {
					t.Errorf("%s, chord %v at %.0f Hz: heard %d times", name, chord, hz, got)
				}
			}
		}
	}
}

// Nor is a person, in 25 minutes of prompts.
func TestNoCallingToneInSpeech(t *testing.T) {
	t.Parallel()
	var spoken time.Duration
	err := filepath.WalkDir("/usr/share/asterisk/sounds/en_US_f_Allison", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".wav") || strings.Contains(name, "/silence/") || strings.Contains(name, "beep") {
			return err
		}
		data, err := os.ReadFile(name) //nolint:gosec // Debian's sounds
		if err != nil {
			return err
		}
		pcm, rate, err := wav.ReadMono(bytes.NewReader(data), 600*48000)
		if err != nil || rate != Rate {
			return err
		}
		if hears(pcm) != 0 {
			t.Errorf("heard in %s", name)
		}
		spoken += time.Duration(len(pcm)) * time.Second / Rate
		return nil
	})
	if err != nil || spoken < 10*time.Minute {
		t.Skipf("skipped: asterisk-core-sounds-en-wav is not installed: %v", err)
	}
}

func TestDetectorAllocatesNothing(t *testing.T) {
	var d Detector
	pcm := tone(1100, -10, 500*time.Millisecond)
	if n := testing.AllocsPerRun(10, func() { d.Write(pcm) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDetector(b *testing.B) {
	var d Detector
	pcm := tone(1100, -10, 500*time.Millisecond)[Rate : Rate+160]
	b.ReportAllocs()
	for b.Loop() {
		d.Write(pcm)
	}
}
