package opus

import (
	"bufio"
	"encoding/hex"
	"math"
	"os"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/internal/fault"
	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/wav"
)

const audio = "../../../testdata/audio/"

// speech is the test speech at 48 kHz, cut to whole frames.
func speech(t testing.TB) []int16 {
	t.Helper()
	f, err := os.Open(audio + "speech-16k.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	pcm, rate, err := wav.ReadMono(f, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dsp.NewResampler(rate, sampleRate)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int16, r.Out(len(pcm)))
	r.ProcessPCM(out, pcm)
	return out[:len(out)/frameSamples*frameSamples]
}

func stereoPackets(t testing.TB) (packets [][]byte) {
	t.Helper()
	f, err := os.Open(audio + "opus-stereo.hex")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	for s := bufio.NewScanner(f); s.Scan(); {
		p, err := hex.DecodeString(s.Text())
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	return packets
}

func TestPacketDuration(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name   string
		packet []byte
		want   time.Duration
	}{
		{"nothing", nil, 0},
		{"SILK NB 10 ms", []byte{0 << 3}, 10 * ms},
		{"SILK WB 60 ms", []byte{11 << 3}, 60 * ms},
		{"hybrid SWB 10 ms", []byte{12 << 3}, 10 * ms},
		{"hybrid FB 20 ms", []byte{15 << 3}, 20 * ms},
		{"CELT NB 2.5 ms", []byte{16 << 3}, 2500 * time.Microsecond},
		{"CELT FB 20 ms stereo", []byte{31<<3 | 4}, 20 * ms},
		{"two of one size", []byte{1<<3 | 1, 1, 2}, 40 * ms},
		{"two of one size, odd rest", []byte{1<<3 | 1, 1}, 0},
		{"two of two sizes", []byte{1<<3 | 2, 1, 2, 3}, 40 * ms},
		{"two of two sizes, cut off", []byte{1<<3 | 2}, 0},
		{"three of 20 ms", []byte{1<<3 | 3, 3, 1, 2, 3}, 60 * ms},
		{"48 of 2.5 ms, padded", []byte{16<<3 | 3, 48 | 0x40, 0}, 120 * ms},
		{"seven of 20 ms", []byte{1<<3 | 3, 7}, 0},
		{"no frame", []byte{1<<3 | 3, 0}, 0},
		{"count cut off", []byte{1<<3 | 3}, 0},
	} {
		if got := PacketDuration(c.packet); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The flags come first in a frame: one for 10 and 20 ms, two for 40, three for 60.
func TestVoiceless(t *testing.T) {
	for _, c := range []struct {
		name   string
		packet []byte
		want   bool
	}{
		{"nothing", nil, false},
		{"DTX", []byte{15 << 3}, false},
		{"hybrid 20 ms", []byte{15 << 3, 0x7f, 1}, true},
		{"hybrid 20 ms, a voice", []byte{15 << 3, 0x80, 1}, false},
		{"SILK 10 ms", []byte{8 << 3, 0x7f, 1}, true},
		{"SILK 40 ms", []byte{10 << 3, 0x3f, 1}, true},
		{"SILK 40 ms, a voice in the second half", []byte{10 << 3, 0x40, 1}, false},
		{"SILK 60 ms", []byte{11 << 3, 0x1f, 1}, true},
		{"SILK 60 ms, a voice at the end", []byte{11 << 3, 0x20, 1}, false},
		{"SILK 20 ms stereo, a voice at the side", []byte{9<<3 | 4, 0x20, 1}, false},
		{"hybrid 20 ms stereo", []byte{15<<3 | 4, 0, 1}, false},
		{"two frames", []byte{9<<3 | 1, 0, 0}, false},
		{"CELT", []byte{31 << 3, 0, 0}, false},
	} {
		if got := voiceless(c.packet); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCodec(t *testing.T) {
	c := Codec()
	if Codec() != c {
		t.Error("two codecs of one name")
	}
	if c.FrameSamples() != frameSamples || c.Channels != 2 || c.ClockRate != 48000 {
		t.Errorf("%+v", c)
	}
	if c.PayloadDuration(stereoPackets(t)[0]) != media.FrameDuration {
		t.Error("a golden packet does not last 20 ms")
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		cfg media.EncoderConfig
		ok  bool
	}{
		{media.EncoderConfig{}, true},
		{media.EncoderConfig{Bitrate: 6000, Complexity: 10, FEC: true, LossPct: 100}, true},
		{media.EncoderConfig{Bitrate: 5999}, false},
		{media.EncoderConfig{Bitrate: 510001}, false},
		{media.EncoderConfig{Complexity: 11}, false},
		{media.EncoderConfig{Complexity: -1}, false},
		{media.EncoderConfig{LossPct: 101}, false},
	} {
		if _, err := withDefaults(c.cfg); (err == nil) != c.ok || (err != nil && fault.Of(err) != fault.Invalid) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
}

// amplitude measures one tone of a signal at 48 kHz.
func amplitude(pcm []int16, hz float64) float64 {
	var re, im float64
	for i, v := range pcm {
		w := 1 - math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / sampleRate)
		re, im = re+w*c*float64(v), im+w*s*float64(v)
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

// snr compares b with a, in dB.
func snr(a, b []int16) float64 {
	var signal, noise float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		signal, noise = signal+float64(v)*float64(v), noise+d*d
	}
	return 10 * math.Log10(signal/max(noise, 1e-9))
}
