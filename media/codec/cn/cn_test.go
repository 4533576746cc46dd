package cn

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

var payloads = []struct {
	payload []byte
	want    Description
	again   []byte // nil where it prints as it came
}{
	{[]byte{127}, Description{Level: 127}, nil},
	{[]byte{0xc0}, Description{Level: 64}, []byte{0x40}}, // the first bit means nothing
	{[]byte{50, 127}, Description{Level: 50, Order: 1}, nil},
	{[]byte{50, 0, 254}, Description{Level: 50, Order: 2, Reflection: [MaxOrder]float32{-127 * reflectionStep, 127 * reflectionStep}}, nil},
	{[]byte{50, 255}, Description{Level: 50, Order: 1, Reflection: [MaxOrder]float32{127 * reflectionStep}}, []byte{50, 254}},
	{
		append([]byte{9}, bytes.Repeat([]byte{127}, 40)...),
		Description{Level: 9, Order: MaxOrder},
		append([]byte{9}, bytes.Repeat([]byte{127}, MaxOrder)...),
	},
}

func TestPayloads(t *testing.T) {
	for _, tt := range payloads {
		d, err := Parse(tt.payload)
		if err != nil || d != tt.want {
			t.Errorf("% x: %+v, %v", tt.payload, d, err)
		}
		want := tt.again
		if want == nil {
			want = tt.payload
		}
		if got := d.Append(nil); !bytes.Equal(got, want) {
			t.Errorf("% x comes out as % x", tt.payload, got)
		}
	}
	if _, err := Parse(nil); err == nil {
		t.Error("an empty payload is taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range payloads {
		f.Add(tt.payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := Parse(payload)
		if err != nil {
			return
		}
		again, err := Parse(d.Append(nil))
		if err != nil || again != d {
			t.Fatalf("%+v comes back as %+v, %v", d, again, err)
		}
		var g Generator
		g.Set(d)
		pcm := make([]int16, 160)
		for range 10 {
			g.Fill(pcm, 8000)
		}
		if level := dsp.LevelDBov(pcm); d.Level > 20 && level+12 < d.Level {
			t.Fatalf("%+v sounds at %d", d, level)
		}
	})
}

// golden reads noise, and what FFmpeg's encoder makes of it:
//
//	ffmpeg -f s16le -ar 8000 -ac 1 -i low.pcm -map 0:a -c:a comfortnoise -f data low.cng
func golden(t *testing.T, name string) (pcm []int16, described []Description) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".pcm")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(raw); i += 2 {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(raw[i:])))
	}
	raw, err = os.ReadFile("testdata/" + name + ".cng")
	if err != nil {
		t.Fatal(err)
	}
	const size = 11 // its order is always 10
	for ; len(raw) >= size; raw = raw[size:] {
		d, err := Parse(raw[:size])
		if err != nil {
			t.Fatal(err)
		}
		described = append(described, d)
	}
	return pcm, described
}

var noises = []string{"white", "low", "high", "band"}

// What another encoder described sounds here as loud as it was, and alike.
func TestGolden(t *testing.T) {
	for _, name := range noises {
		pcm, described := golden(t, name)
		var g Generator
		made := make([]int16, len(pcm))
		each := len(pcm) / len(described)
		for i, d := range described {
			g.Set(d)
			g.Fill(made[i*each:][:each], 8000)
		}
		was, is := dsp.LevelDBov(pcm), dsp.LevelDBov(made)
		if math.Abs(float64(was)-float64(is)) > 2 {
			t.Errorf("%s: at %d, was %d", name, is, was)
		}
		for lag := 1; lag <= 6; lag++ {
			if a, b := likeness(pcm, lag), likeness(made, lag); math.Abs(a-b) > 0.1 {
				t.Errorf("%s: correlation of %.2f over %d samples, was %.2f", name, b, lag, a)
			}
		}
	}
}

// Our descriptions are those of the other encoder, as far as noise is ever the same.
func TestAnalyserAgrees(t *testing.T) {
	for _, name := range noises {
		pcm, theirs := golden(t, name)
		var mean [2]float64
		level := 0.0
		for _, d := range theirs {
			mean[0] += float64(d.Reflection[0]) / float64(len(theirs))
			mean[1] += float64(d.Reflection[1]) / float64(len(theirs))
			level += float64(d.Level) / float64(len(theirs))
		}
		var a Analyser
		told := 0
		for range 3 {
			for i := 0; i < len(pcm); i += 160 {
				d, _, due := a.Frame(pcm[i : i+160])
				if !due {
					continue
				}
				told++
				for k := range mean {
					if got := float64(d.Reflection[k]); math.Abs(got-mean[k]) > 0.2 {
						t.Errorf("%s: coefficient %d is %.2f, theirs is %.2f", name, k, got, mean[k])
					}
				}
				if math.Abs(float64(d.Level)-level) > 4 { // theirs is of what its window leaves
					t.Errorf("%s: level %d, theirs is %.1f", name, d.Level, level)
				}
			}
		}
		if told == 0 {
			t.Errorf("%s: never described", name)
		}
	}
}

// likeness is the normalised correlation of samples that are lag apart.
func likeness(pcm []int16, lag int) float64 {
	var cross, energy float64
	for i := lag; i < len(pcm); i++ {
		cross += float64(pcm[i]) * float64(pcm[i-lag])
		energy += float64(pcm[i]) * float64(pcm[i])
	}
	return cross / energy
}

// Speech is never taken for noise; its pauses are, after a hangover.
func TestAnalyserHearsSpeech(t *testing.T) {
	noise, _ := golden(t, "white")
	frame := func(i int) []int16 { return noise[i*160%len(noise):][:160] }
	var a Analyser
	for i := range 100 {
		a.Frame(frame(i))
	}
	for i := range 50 { // words
		pcm := make([]int16, 160)
		for k := range pcm {
			pcm[k] = frame(i)[k] + int16(1500*math.Sin(float64(i*160+k)*0.17))
		}
		if _, silent, _ := a.Frame(pcm); silent {
			t.Fatalf("frame %d of speech counts as noise", i)
		}
	}
	first, descriptions := -1, 0
	for i := range 200 {
		d, silent, due := a.Frame(frame(i))
		if silent && first < 0 {
			first = i
			if !due {
				t.Error("a pause begins without a description")
			}
		}
		if due {
			descriptions++
			if d.Order == 0 {
				t.Error("no spectrum")
			}
		}
	}
	if first != hangover {
		t.Errorf("the pause is taken after %d frames, want %d", first, hangover)
	}
	if descriptions < 4 || descriptions > 10 {
		t.Errorf("%d descriptions in 4 s", descriptions)
	}
}

// What is steady and loud is no noise: a dial tone, music on hold.
func TestAnalyserLeavesTones(t *testing.T) {
	var a Analyser
	pcm := make([]int16, 160)
	for i := range 500 {
		for k := range pcm {
			pcm[k] = int16(2000 * math.Sin(float64(i*160+k)*0.3))
		}
		if _, silent, _ := a.Frame(pcm); silent {
			t.Fatalf("frame %d of a tone counts as noise", i)
		}
	}
}

func TestSilence(t *testing.T) {
	var a Analyser
	d, silent, due := a.Frame(make([]int16, 160))
	if !silent || !due || d.Level != dsp.Silence {
		t.Errorf("%+v %t %t", d, silent, due)
	}
	var g Generator
	g.Set(d)
	pcm := []int16{1, 2, 3}
	if g.Fill(pcm, 8000); pcm[0] != 0 || pcm[2] != 0 {
		t.Errorf("silence sounds like %v", pcm)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	noise, described := golden(t, "band")
	var a Analyser
	var g Generator
	g.Set(described[0])
	buf := make([]byte, 0, MaxBytes)
	if n := testing.AllocsPerRun(100, func() {
		d, _, _ := a.Frame(noise[:160])
		buf = d.Append(buf[:0])
		g.Fill(noise[160:320], 8000)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAnalyser(b *testing.B) {
	b.ReportAllocs()
	var a Analyser
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(i*7919%61 - 30)
	}
	for range b.N {
		a.Frame(pcm)
	}
}

func BenchmarkGenerator(b *testing.B) {
	b.ReportAllocs()
	var g Generator
	g.Set(Description{Level: 60, Order: 8, Reflection: [MaxOrder]float32{-0.9, 0.2, 0.1}})
	pcm := make([]int16, 160)
	for range b.N {
		g.Fill(pcm, 8000)
	}
}
