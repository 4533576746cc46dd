//go:build cgo

package opus

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// packetsOf reads the packets of a small Ogg file (RFC 7845) behind its two headers.
// skip is what the first of them says is to be left out, in samples.
func packetsOf(t *testing.T, file string) (packets [][]byte, skip int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var packet []byte
	for len(data) > 27 && bytes.HasPrefix(data, []byte("OggS")) {
		segments := data[27 : 27+int(data[26])]
		data = data[27+len(segments):]
		for _, n := range segments {
			packet = append(packet, data[:n]...)
			data = data[n:]
			if n < 255 {
				packets, packet = append(packets, packet), nil
			}
		}
	}
	if len(packets) < 3 || !bytes.HasPrefix(packets[0], []byte("OpusHead")) {
		t.Fatalf("%s is no Opus", file)
	}
	return packets[2:], int(binary.LittleEndian.Uint16(packets[0][10:]))
}

// What libopus made in each of the codec's modes comes out of our decoder as it does of
// one that has no line of libopus in it, FFmpeg's own:
//
//	ffmpeg -f lavfi -i SIGNAL -c:a libopus hybrid.opus
//	ffmpeg -c:a opus -i hybrid.opus -ac 1 -f s16le hybrid.pcm
func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name    string
		configs [2]byte // of the packets (RFC 6716 table 2), from and to
		length  time.Duration
		stereo  bool
	}{
		{"silk-nb", [2]byte{0, 3}, 20 * time.Millisecond, false},
		{"silk-wb", [2]byte{8, 11}, 60 * time.Millisecond, false},
		{"hybrid", [2]byte{12, 15}, 20 * time.Millisecond, false},
		{"celt", [2]byte{16, 31}, 10 * time.Millisecond, false},
		{"stereo", [2]byte{12, 31}, 20 * time.Millisecond, true},
	} {
		packets, skip := packetsOf(t, "testdata/"+tt.name+".opus")
		d := decoder(t)
		var out []int16
		for _, p := range packets {
			if config := p[0] >> 3; config < tt.configs[0] || config > tt.configs[1] || p[0]&4 != 0 != tt.stereo || PacketDuration(p) != tt.length {
				t.Errorf("%s: TOC %08b, %v", tt.name, p[0], PacketDuration(p))
			}
			out = append(out, decode(t, d, p)...)
		}
		raw, err := os.ReadFile("testdata/" + tt.name + ".pcm")
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int16, len(raw)/2)
		for i := range want {
			want[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		out = out[skip-100:] // resamplers' delays differ a little
		lag, correlation := mediatest.Align(want, out, 200)
		n := min(len(want), len(out)-lag)
		quality := mediatest.SegmentalSNR(want[:n], out[lag:][:n], sampleRate)
		t.Logf("%s: %d packets, lag %d, correlation %.5f, segmental SNR %.1f dB", tt.name, len(packets), lag, correlation, quality)
		if correlation < 0.99 || quality < 18 {
			t.Errorf("%s: correlation %.5f, segmental SNR %.1f dB", tt.name, correlation, quality)
		}
	}
}

// A profile, a bandwidth and DTX are what the packets say.
func TestEncoderSettings(t *testing.T) {
	pcm := speech(t)
	configs := func(cfg media.EncoderConfig) (seen [32]int) {
		e := encoder(t, cfg)
		for i := range 150 {
			seen[encode(t, e, frame(pcm, i))[0]>>3]++
		}
		return seen
	}
	within := func(seen [32]int, from, to int) bool {
		n := 0
		for _, k := range seen[from : to+1] {
			n += k
		}
		return n == 150
	}
	if seen := configs(media.EncoderConfig{LowDelay: true}); !within(seen, 16, 31) {
		t.Errorf("low delay: %v", seen)
	}
	for rate, last := range map[int32]int{8000: 3, 12000: 7, 16000: 11} {
		if seen := configs(media.EncoderConfig{Bandwidth: rate, Bitrate: 16000}); !within(seen, 0, last) {
			t.Errorf("bandwidth of %d Hz: %v", rate, seen)
		}
	}
	e, d := encoder(t, media.EncoderConfig{DTX: true}), decoder(t)
	for i := range 60 {
		decode(t, d, encode(t, e, frame(pcm, i)))
	}
	if d.Comforts() {
		t.Error("speech counts as silence")
	}
	silence, small := make([]int16, frameSamples), 0
	for range 100 {
		p := encode(t, e, silence)
		decode(t, d, p)
		if len(p) <= 2 {
			small++
			if !d.Comforts() {
				t.Fatal("the decoder does not know of the silence")
			}
		}
	}
	if small < 60 {
		t.Errorf("%d of 100 frames of silence need not be sent", small)
	}
}

// Frames that are joined decode as they did apart; those of 10 ms come in twos.
func TestJoinAndSplit(t *testing.T) {
	pcm := speech(t)
	for _, bitrate := range []int32{12000, 32000, 128000} { // lengths of one byte and of two
		e, apart, together := encoder(t, media.EncoderConfig{Bitrate: bitrate}), decoder(t), decoder(t)
		var waiting [][]byte
		var want []int16
		buf := make([]byte, 3*maxFrameBytes)
		joined := 0
		for i := range 120 {
			p := bytes.Clone(encode(t, e, frame(pcm, i)))
			n := join(buf, append(waiting, p))
			if n == 0 || len(waiting) == 3 {
				n = join(buf, waiting)
				if got := decode(t, together, buf[:n]); PacketDuration(buf[:n]) != time.Duration(len(waiting))*20*time.Millisecond || mediatest.SegmentalSNR(want, got, sampleRate) < 30 {
					t.Fatalf("%d bit/s, frame %d: %d frames joined are %v", bitrate, i, len(waiting), PacketDuration(buf[:n]))
				}
				if len(waiting) > 1 {
					joined++
				}
				waiting, want = nil, nil
			}
			waiting = append(waiting, p)
			want = append(want, decode(t, apart, p)...)
		}
		if joined < 20 {
			t.Errorf("%d bit/s: only %d packets were joined", bitrate, joined)
		}
	}
	e, d := encoder(t, media.EncoderConfig{Short: true}), decoder(t)
	for i := range 100 {
		first, second := split(encode(t, e, frame(pcm, i)))
		for _, p := range [][]byte{first, second} {
			if got := decode(t, d, p); len(got) != frameSamples/2 {
				t.Fatalf("frame %d: %d samples", i, len(got))
			}
		}
	}
}

func TestJoinLimits(t *testing.T) {
	buf := make([]byte, 100)
	for name, packets := range map[string][][]byte{
		"nothing":        nil,
		"an empty one":   {{}},
		"two modes":      {{0x08, 1}, {0x78, 1}},
		"stereo, mono":   {{0x0c, 1}, {0x08, 1}},
		"two frames":     {{0x09, 1, 2}, {0x09, 1, 2}},
		"over 120 ms":    {{0x18, 1}, {0x18, 1}, {0x18, 1}},
		"no room":        {make([]byte, 60), make([]byte, 60)},
		"no room of one": {make([]byte, 101)},
	} {
		if n := join(buf, packets); n != 0 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
	for _, p := range [][]byte{nil, {0}, {0, 5, 1, 2}} {
		if a, b := split(p); a != nil || b != nil {
			t.Errorf("% x: % x, % x", p, a, b)
		}
	}
}
