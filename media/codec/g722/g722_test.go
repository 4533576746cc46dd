package g722

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

var update = flag.Bool("update", false, "make the golden files again with ffmpeg")

const audio = "../../../testdata/audio/"

func readWAV(t testing.TB, name string) []int16 {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	pcm, rate, err := wav.ReadMono(bytes.NewReader(b), 1<<20)
	if err != nil || rate != sampleRate {
		t.Fatalf("%s: %d Hz, %v", name, rate, err)
	}
	return pcm
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ffmpeg runs it, or skips the test where it is not installed.
func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed; the golden files it made are still checked")
	}
	args = append([]string{"-loglevel", "error", "-y", "-bitexact"}, args...)
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
}

func encodeAll(t testing.TB, pcm []int16) []byte {
	t.Helper()
	out := make([]byte, len(pcm)/2)
	if n, err := NewEncoder().Encode(out, pcm[:len(out)*2]); err != nil || n != len(out) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	return out
}

func decodeAll(t testing.TB, payload []byte) []int16 {
	t.Helper()
	pcm := make([]int16, 2*len(payload))
	if n, err := NewDecoder().Decode(pcm, payload); err != nil || n != len(pcm) {
		t.Fatalf("%d samples, %v", n, err)
	}
	return pcm
}

// segmentalSNR is the mean over 20 ms frames that hold speech, in dB, of b against
// a; the coder's delay is 22 samples.
func segmentalSNR(a, b []int16) float64 {
	const delay, frame = 22, 320
	sum, frames := 0.0, 0
	for i := 0; i+frame+delay <= min(len(a), len(b)); i += frame {
		var signal, noise float64
		for k := i; k < i+frame; k++ {
			v, d := float64(a[k]), float64(a[k])-float64(b[k+delay])
			signal, noise = signal+v*v, noise+d*d
		}
		if signal > frame*100*100 {
			sum += min(10*math.Log10(signal/max(noise, 1)), 60)
			frames++
		}
	}
	return sum / float64(frames)
}

// noise gives bytes that any machine gives alike; as a bit stream they drive the
// decoder through every code, and into its limits.
func noise(n int, seed uint64) []byte {
	r, b := rand.New(rand.NewPCG(seed, 722)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// loud gives a signal that overloads the encoder: full-scale squares of falling
// pitch, full-scale noise, silence, a step.
func loud(n int, seed uint64) []int16 {
	r, pcm := rand.New(rand.NewPCG(seed, 16)), make([]int16, n)
	for i := range pcm {
		switch quarter := 4 * i / n; {
		case quarter == 0 && i/(1+i/100)%2 == 0, quarter == 3:
			pcm[i] = 32767
		case quarter == 0:
			pcm[i] = -32768
		case quarter == 1:
			pcm[i] = int16(r.Uint32())
		}
	}
	return pcm
}

// referenceDecode is what ffmpeg makes of a bit stream, left in the file out.
func referenceDecode(t *testing.T, bits []byte, out string) []int16 {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in.g722")
	if err := os.WriteFile(in, bits, 0o600); err != nil {
		t.Fatal(err)
	}
	ffmpeg(t, "-f", "g722", "-i", in, "-c:a", "pcm_s16le", out)
	return readWAV(t, out)
}

// referenceEncode is ffmpeg's bit stream of pcm, left in the file out.
func referenceEncode(t *testing.T, pcm []int16, out string) []byte {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in.wav")
	f, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(f, wav.Format{SampleRate: sampleRate, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(pcm), w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	ffmpeg(t, "-i", in, "-c:a", "g722", "-f", "g722", out)
	return read(t, out)
}

// The decoder gives ffmpeg's samples, every one of them.
func TestDecoderAgainstGolden(t *testing.T) {
	for _, c := range []struct {
		golden string
		bits   []byte
	}{
		{"speech.g722.wav", read(t, audio+"speech.g722")},
		{"noise.g722.wav", noise(8000, 1)},
	} {
		if *update {
			referenceDecode(t, c.bits, audio+c.golden)
		}
		compare(t, decodeAll(t, c.bits), readWAV(t, audio+c.golden))
	}
}

// The encoder gives ffmpeg's bytes, every one of them.
func TestEncoderAgainstGolden(t *testing.T) {
	for _, c := range []struct {
		golden string
		pcm    []int16
	}{
		{"speech.g722", readWAV(t, audio+"speech-16k.wav")},
		{"loud.g722", loud(16000, 1)},
	} {
		if *update {
			referenceEncode(t, c.pcm, audio+c.golden)
		}
		compare(t, encodeAll(t, c.pcm), read(t, audio+c.golden)[:len(c.pcm)/2])
	}
}

// The same against the ffmpeg of this machine, on other input.
func TestAgainstFFmpeg(t *testing.T) {
	dir := t.TempDir()
	bits := noise(40000, 2)
	compare(t, decodeAll(t, bits), referenceDecode(t, bits, filepath.Join(dir, "a.wav")))
	pcm := loud(80000, 2)
	compare(t, encodeAll(t, pcm), referenceEncode(t, pcm, filepath.Join(dir, "a.g722"))[:len(pcm)/2])
}

func compare[T byte | int16](t *testing.T, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d long, want %d", len(got), len(want))
	}
	for i, v := range want {
		if got[i] != v {
			t.Fatalf("number %d is %d, want %d", i, got[i], v)
		}
	}
}

func TestSpeechQuality(t *testing.T) {
	pcm := readWAV(t, audio+"speech-16k.wav")
	snr := segmentalSNR(pcm, decodeAll(t, encodeAll(t, pcm)))
	t.Logf("segmental snr %.1f dB", snr)
	if snr < 28 {
		t.Errorf("segmental snr %.1f dB", snr)
	}
}

// A copy of an encoder goes on with the very bytes of its origin.
func TestFork(t *testing.T) {
	pcm := readWAV(t, audio+"speech-16k.wav")
	a, b := NewEncoder(), NewEncoder()
	x, y := make([]byte, 160), make([]byte, 160)
	step := func(e media.Encoder, dst []byte, i int) {
		t.Helper()
		if _, err := e.Encode(dst, pcm[i*320:(i+1)*320]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 40 {
		step(a, x, i)
		step(b, y, i+100)
	}
	b.CopyFrom(a)
	for i := range 200 {
		step(a, x, 40+i)
		step(b, y, 40+i)
		if !bytes.Equal(x, y) {
			t.Fatalf("frame %d after the fork differs", i)
		}
	}
	b.Close()
}

// A decoder whose predictors went astray comes back to the encoder's.
func TestDecoderFindsBackAfterLoss(t *testing.T) {
	pcm := readWAV(t, audio+"speech-16k.wav")
	bits := encodeAll(t, pcm)
	whole := decodeAll(t, bits)
	d := NewDecoder()
	out := make([]int16, 320)
	var late []int16
	const lost, frames = 60, 110
	for i := range frames {
		if i >= lost && i < lost+3 {
			d.Conceal(out)
		} else if _, err := d.Decode(out, bits[i*160:(i+1)*160]); err != nil {
			t.Fatal(err)
		}
		late = append(late, out...)
	}
	from := (lost + 20) * 320
	snr := segmentalSNR(whole[from+22:], late[from:]) // 22: these two have no delay between them
	t.Logf("from 340 ms after the loss on: %.1f dB", snr)
	if snr < 25 {
		t.Errorf("340 ms after a loss only %.1f dB from the whole stream", snr)
	}
}

func TestLimits(t *testing.T) {
	c := Codec()
	if Codec() != c || c.FrameSamples() != 320 || c.ClockRate != 8000 {
		t.Errorf("%+v", c)
	}
	enc, err := c.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (int, error){
		"odd frame":     func() (int, error) { return enc.Encode(make([]byte, 160), make([]int16, 319)) },
		"short dst":     func() (int, error) { return enc.Encode(make([]byte, 159), make([]int16, 320)) },
		"empty payload": func() (int, error) { return dec.Decode(make([]int16, 320), nil) },
		"short pcm":     func() (int, error) { return dec.Decode(make([]int16, 319), make([]byte, 160)) },
	} {
		if n, err := try(); err == nil || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if d := c.PayloadDuration(make([]byte, 160)); d != media.FrameDuration {
		t.Errorf("160 bytes last %v", d)
	}
	dec.Close()
}

func TestNoAllocation(t *testing.T) {
	e, f, d := NewEncoder(), NewEncoder(), NewDecoder()
	pcm, payload := make([]int16, 320), make([]byte, 160)
	if n := testing.AllocsPerRun(20, func() {
		_, _ = e.Encode(payload, pcm)
		_, _ = d.Decode(pcm, payload)
		d.Conceal(pcm)
		f.CopyFrom(e)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	pcm := readWAV(b, audio+"speech-16k.wav")
	bits := encodeAll(b, pcm)
	b.Run("encode", func(b *testing.B) {
		e, dst, i := NewEncoder(), make([]byte, 160), 0
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Encode(dst, pcm[i*320:(i+1)*320]); err != nil {
				b.Fatal(err)
			}
			i = (i + 1) % 300
		}
	})
	b.Run("decode", func(b *testing.B) {
		d, dst, i := NewDecoder(), make([]int16, 320), 0
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Decode(dst, bits[i*160:(i+1)*160]); err != nil {
				b.Fatal(err)
			}
			i = (i + 1) % 300
		}
	})
}
