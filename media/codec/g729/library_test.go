//go:build cgo && linux

package g729

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

func load(t testing.TB) *media.Codec {
	t.Helper()
	c, err := Load(Auto)
	if err != nil {
		t.Skipf("skipped: libbcg729-0 is not installed: %v", err)
	}
	return c
}

func encoderOf(t testing.TB, c *media.Codec) *encoder {
	t.Helper()
	e, err := c.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e.(*encoder)
}

func decoderOf(t testing.TB, c *media.Codec) *decoder {
	t.Helper()
	d, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d.(*decoder)
}

// run encodes whole frames of pcm, and decodes them.
func run(t *testing.T, c *media.Codec, pcm []int16) (bits []byte, out []int16) {
	t.Helper()
	e, d := encoderOf(t, c), decoderOf(t, c)
	frame := make([]int16, 160)
	for ; len(pcm) >= 160; pcm = pcm[160:] {
		var b [20]byte
		if n, err := e.Encode(b[:], pcm[:160]); n != 20 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		bits = append(bits, b[:]...)
		if n, err := d.Decode(frame, b[:]); n != 160 || err != nil {
			t.Fatalf("%d samples, %v", n, err)
		}
		out = append(out, frame...)
	}
	return bits, out
}

// highPassed is what G.729 is meant to keep of pcm: its encoder cuts off below 140 Hz,
// its decoder below 100 Hz (§3.1, §4.2.5), which turns the phase of low voices round.
func highPassed(pcm []int16) []int16 {
	out := make([]int16, len(pcm))
	var x, y, z [3]float64
	for i, v := range pcm {
		x = [3]float64{float64(v), x[0], x[1]}
		y = [3]float64{0.92727436*x[0] - 1.8544941*x[1] + 0.92727436*x[2] + 1.9059465*y[0] - 0.9114024*y[1], y[0], y[1]}
		z = [3]float64{0.93980581*y[0] - 1.8795834*y[1] + 0.93980581*y[2] + 1.9330735*z[0] - 0.93589199*z[1], z[0], z[1]}
		out[i] = int16(min(max(math.Round(z[0]), -32768), 32767))
	}
	return out
}

// Real speech keeps its shape. The floors are what libbcg729 1.1.1 reaches, with some
// room.
func TestSpeech(t *testing.T) {
	c := load(t)
	pcm := mediatest.Recorded(t)
	pcm = pcm[:min(len(pcm), 20*8000)]
	bits, out := run(t, c, pcm)
	pcm = highPassed(pcm)
	lag, correlation := mediatest.Align(pcm, out, 200)
	snr := mediatest.SegmentalSNR(pcm[:len(out)-lag], out[lag:], 8000)
	distance := mediatest.LogSpectralDistance(pcm[:len(out)-lag], out[lag:], 8000, mediatest.Narrowband)
	t.Logf("delay %d samples, correlation %.3f, segmental SNR %.1f dB, log-spectral distance %.2f dB", lag, correlation, snr, distance)
	if correlation < 0.85 || snr < 4 || distance > 6 {
		t.Errorf("correlation %.3f, segmental SNR %.1f dB, log-spectral distance %.2f dB", correlation, snr, distance)
	}

	// FFmpeg's decoder, which has nothing in common with the library, hears the same.
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("skipped: ffmpeg is not installed: no other decoder to ask")
	}
	file := filepath.Join(t.TempDir(), "speech.g729")
	if err := os.WriteFile(file, bits, 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := exec.CommandContext(t.Context(), program, "-v", "error", "-f", "g729", "-i", file, "-f", "s16le", "-").Output() //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	theirs := make([]int16, len(raw)/2)
	for i := range theirs {
		theirs[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	lag, correlation = mediatest.Align(out, theirs, 200)
	n := min(len(out), len(theirs)-lag)
	snr = mediatest.SegmentalSNR(out[:n], theirs[lag:][:n], 8000)
	t.Logf("ffmpeg: delay %d, correlation %.4f, segmental SNR %.1f dB", lag, correlation, snr)
	if correlation < 0.98 {
		t.Errorf("ffmpeg hears something else: correlation %.4f", correlation)
	}
}

func TestSilence(t *testing.T) {
	_, out := run(t, load(t), make([]int16, 100*160))
	for i, v := range out {
		if v < -16 || v > 16 {
			t.Fatalf("sample %d of silence is %d", i, v)
		}
	}
}

// A copy goes on as the original would, bit for bit, and is its own afterwards.
func TestCopy(t *testing.T) {
	c := load(t)
	a, b := encoderOf(t, c), encoderOf(t, c)
	var one, other [20]byte
	pcm := make([]int16, 160)
	at := 0
	next := func() {
		for i := range pcm {
			pcm[i] = int16(4000*math.Sin(float64(at)*0.13) + 2000*math.Sin(float64(at)*0.031*math.Sin(float64(at)*1e-4)))
			at++
		}
	}
	encode := func(e *encoder, to []byte) {
		if _, err := e.Encode(to, pcm); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		for range 20 {
			next()
			encode(a, one[:])
		}
		b.CopyFrom(a)
		for i := range 30 {
			next()
			encode(a, one[:])
			encode(b, other[:])
			if !bytes.Equal(one[:], other[:]) {
				t.Fatalf("frame %d differs", i)
			}
		}
	}
	a.Close()
	next()
	encode(b, other[:])
	if _, err := a.Encode(one[:], pcm); err == nil {
		t.Error("a closed encoder encodes")
	}
	b.CopyFrom(encoderOf(t, c)) // that has encoded nothing
	fresh := encoderOf(t, c)
	next()
	encode(b, other[:])
	encode(fresh, one[:])
	if !bytes.Equal(one[:], other[:]) {
		t.Error("a copy of nothing remembers something")
	}
}

// What was lost is made up, and dies away; what is silent by Annex B goes on.
func TestConceal(t *testing.T) {
	c := load(t)
	e, d := encoderOf(t, c), decoderOf(t, c)
	frame := make([]int16, 160)
	d.Conceal(frame)
	var bits [20]byte
	pcm := make([]int16, 160)
	for i := range 50 {
		for k := range pcm {
			pcm[k] = int16(6000 * math.Sin(float64(i*160+k)*2*math.Pi*200/8000))
		}
		if _, err := e.Encode(bits[:], pcm); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(frame, bits[:]); err != nil {
			t.Fatal(err)
		}
	}
	before := mediatest.Level(frame)
	d.Conceal(frame)
	if first := mediatest.Level(frame); first < before-10 || d.Comforts() {
		t.Errorf("the first frame lost is at %.1f dB, the last one was at %.1f", first, before)
	}
	for range 50 {
		d.Conceal(frame)
	}
	if later := mediatest.Level(frame); later > before-30 {
		t.Errorf("after a second of loss: %.1f dB, was %.1f", later, before)
	}
	// Faint noise, as another encoder of Annex B told of it.
	if n, err := d.Decode(frame, []byte{0x34, 0x5c}); n != 80 || err != nil || !d.Comforts() {
		t.Errorf("a frame of Annex B: %d samples, %v", n, err)
	}
	for i := range 100 {
		d.Conceal(frame)
		if level := mediatest.Level(frame); level < -55 || level > -30 {
			t.Fatalf("frame %d of the background is at %.1f dB", i, level)
		}
	}
	if n, err := d.Decode(frame, append(bits[:10:10], 0x34, 0x5c)); n != 160 || err != nil {
		t.Errorf("speech and silence: %d samples, %v", n, err)
	}
	for _, bad := range [][]byte{nil, {1}, make([]byte, 11), make([]byte, 40)} {
		if _, err := d.Decode(frame, bad); err == nil {
			t.Errorf("%d bytes are taken", len(bad))
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := load(f)
	f.Add([]byte{0x34, 0x5c})
	f.Add(make([]byte, 20))
	f.Add(bytes.Repeat([]byte{0xff}, 32))
	f.Fuzz(func(t *testing.T, payload []byte) {
		d := decoderOf(t, c)
		pcm := make([]int16, 960)
		if n, err := d.Decode(pcm, payload); err == nil && n != len(payload)/10*80+len(payload)%10*40 {
			t.Errorf("%d samples of %d bytes", n, len(payload))
		}
		d.Conceal(pcm[:160])
	})
}

func TestNothingIsAllocated(t *testing.T) {
	c := load(t)
	e, d := encoderOf(t, c), decoderOf(t, c)
	pcm, bits := make([]int16, 160), make([]byte, 20)
	if n := testing.AllocsPerRun(50, func() {
		if _, err := e.Encode(bits, pcm); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(pcm, bits); err != nil {
			t.Fatal(err)
		}
		d.Conceal(pcm)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	e := encoderOf(b, load(b))
	pcm, bits := make([]int16, 160), make([]byte, 20)
	for i := 0; b.Loop(); i++ {
		for k := range pcm {
			pcm[k] = int16((i*160 + k) * 97 % 9000)
		}
		if _, err := e.Encode(bits, pcm); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	d := decoderOf(b, load(b))
	pcm, bits := make([]int16, 160), make([]byte, 20)
	for i := 0; b.Loop(); i++ {
		bits[i%20] += 7
		if _, err := d.Decode(pcm, bits); err != nil {
			b.Fatal(err)
		}
	}
}
