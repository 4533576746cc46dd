package tone

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLevel(t *testing.T) {
	const rate = 8000
	mix := Sine(440, rate, 2, 16384)
	for i, s := range Sine(1000, rate, 2, 8192) {
		mix[i] += s
	}
	half := append(Sine(440, rate, 1, 32767), make([]int16, rate)...)
	for _, ca := range []struct {
		name     string
		pcm      []int16
		hz       float64
		from, to float64
	}{
		{"full scale", Sine(440, rate, 1, 32767), 440, -0.05, 0.05},
		{"half scale", Sine(1234.5, rate, 1, 16384), 1234.5, -6.1, -5.9},
		{"first of two", mix, 440, -6.1, -5.9},
		{"second of two", mix, 1000, -12.2, -11.9},
		{"neither of two", mix, 700, Silence, -90},
		{"beside", mix, 480, Silence, -90},
		{"present half of the time", half, 440, -3.5, -2.5},
		{"silence", make([]int16, rate), 440, Silence, Silence},
		{"nothing", nil, 440, Silence, Silence},
		{"shorter than a window", Sine(1000, rate, 0.05, 32767), 1000, -0.1, 0.1},
	} {
		t.Run(ca.name, func(t *testing.T) {
			if got := Level(ca.pcm, rate, ca.hz); !(ca.from <= got && got <= ca.to) {
				t.Errorf("%.2f dBFS, want %.2f to %.2f", got, ca.from, ca.to)
			}
		})
	}
}

// A click raises every frequency for a moment; a tone under it is still told.
func TestLasting(t *testing.T) {
	const rate = 8000
	pcm := Sine(440, rate, 1, 8192)
	for i := range 40 {
		pcm[4000+i] = 30000
	}
	if got := Lasting(pcm, rate, 600); got > -85 {
		t.Errorf("a click counts as a tone of %.1f dBFS", got)
	}
	if got := Lasting(pcm, rate, 440); math.Abs(got+12) > 0.2 {
		t.Errorf("the tone is at %.1f dBFS, want -12", got)
	}
	if got := Lasting(nil, rate, 440); got != Silence {
		t.Errorf("nothing is at %.1f dBFS", got)
	}
}

func TestRMS(t *testing.T) {
	if got := RMS(Sine(440, 8000, 1, 32767)); math.Abs(got) > 0.01 {
		t.Errorf("a sine of full scale: %.3f dBFS", got)
	}
	if got := RMS(make([]int16, 100)); got != Silence {
		t.Errorf("silence: %.3f dBFS", got)
	}
}

func TestWAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	want := Sine(440, 16000, 0.1, 20000)
	if err := WriteWAV(path, want, 16000); err != nil {
		t.Fatal(err)
	}
	got, rate, err := ReadWAV(path)
	if err != nil || rate != 16000 || !slices.Equal(got, want) {
		t.Fatalf("%d samples at %d Hz, %v; want %d at 16000", len(got), rate, err, len(want))
	}

	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, ca := range []struct {
		name    string
		raw     string
		samples int
		wrong   string
	}{
		{"being written", string(whole[:40]) + "\x00\x00\x00\x00" + string(whole[44:1044]), 500, ""},
		{"cut short", string(whole[:1044]), 500, ""},
		{"a chunk before", string(whole[:12]) + "LIST\x03\x00\x00\x00abc\x00" + string(whole[12:]), 1600, ""},
		{"stereo", string(whole[:22]) + "\x02\x00" + string(whole[24:]), 800, ""},
		{"not WAV", "OggS", 0, "not a WAV"},
		{"no data", string(whole[:36]), 0, "no samples"},
		{"24 bits", string(whole[:34]) + "\x18\x00" + string(whole[36:]), 0, "not understood"},
		{"no format", string(whole[:12]) + string(whole[36:]), 0, "before their format"},
	} {
		t.Run(ca.name, func(t *testing.T) {
			pcm, _, err := parse([]byte(ca.raw))
			if len(pcm) != ca.samples {
				t.Errorf("%d samples, want %d", len(pcm), ca.samples)
			}
			if (err == nil) != (ca.wrong == "") || err != nil && !strings.Contains(err.Error(), ca.wrong) {
				t.Errorf("error %v, want %q", err, ca.wrong)
			}
		})
	}
}

// Some values of ITU-T G.711, table 2a.
func TestMuLaw(t *testing.T) {
	for _, ca := range []struct {
		pcm  int16
		want byte
	}{
		{0, 0xFF}, {-1, 0x7F}, {32767, 0x80}, {-32768, 0x00}, {132, 0xEF}, {1000, 0xCE}, {-1000, 0x4E}, {32124, 0x80},
	} {
		if got := MuLaw([]int16{ca.pcm})[0]; got != ca.want {
			t.Errorf("%d gives %#02x, want %#02x", ca.pcm, got, ca.want)
		}
	}
}
