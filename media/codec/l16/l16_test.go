package l16

import (
	"bytes"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

func open(t testing.TB, c *media.Codec) (media.Encoder, media.Decoder) {
	t.Helper()
	enc, err := c.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dec, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { enc.Close(); dec.Close() })
	return enc, dec
}

func TestRoundTrip(t *testing.T) {
	for _, c := range []*media.Codec{Narrowband(), Wideband()} {
		enc, dec := open(t, c)
		pcm := []int16{0, 1, -1, 0x1234, 32767, -32768}
		wire := []byte{0, 0, 0, 1, 0xff, 0xff, 0x12, 0x34, 0x7f, 0xff, 0x80, 0}
		dst, out := make([]byte, c.MaxFrameBytes), make([]int16, c.SampleRate*120/1000)
		n, err := enc.Encode(dst, pcm)
		if err != nil || !bytes.Equal(dst[:n], wire) {
			t.Errorf("%s: % x, %v", c.ConfName, dst[:n], err)
		}
		if n, err = dec.Decode(out, wire); err != nil || !slices.Equal(out[:n], pcm) {
			t.Errorf("%s: %v, %v", c.ConfName, out[:n], err)
		}
		if d := c.PayloadDuration(make([]byte, c.MaxFrameBytes)); d != media.FrameDuration {
			t.Errorf("%s: a frame lasts %v", c.ConfName, d)
		}
		if d := c.PayloadDuration(wire[:3]); d != 0 {
			t.Errorf("%s: half a sample lasts %v", c.ConfName, d)
		}
		for name, try := range map[string]func() (int, error){
			"short dst":     func() (int, error) { return enc.Encode(make([]byte, 3), pcm[:2]) },
			"empty payload": func() (int, error) { return dec.Decode(out, nil) },
			"half a sample": func() (int, error) { return dec.Decode(out, wire[:3]) },
			"short pcm":     func() (int, error) { return dec.Decode(out[:1], wire) },
		} {
			if n, err := try(); err == nil || n != 0 {
				t.Errorf("%s: %s: %d, %v", c.ConfName, name, n, err)
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			_, _ = enc.Encode(dst, pcm)
			_, _ = dec.Decode(out, wire)
			dec.Conceal(out)
			enc.CopyFrom(enc)
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.ConfName, n)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	enc, dec := open(b, Wideband())
	pcm, payload := make([]int16, 1920), make([]byte, 640)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = enc.Encode(payload, pcm[:320])
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = dec.Decode(pcm, payload)
		}
	})
}

// The level is known without decoding, and is that of what is decoded.
func TestPayloadLevel(t *testing.T) {
	for _, pcm := range [][]int16{nil, {0}, {-32768}, {32767, -32768}, {1, -1, 1}, {300, -20000, 7, 1234}} {
		for _, c := range []*media.Codec{Narrowband(), Wideband()} {
			payload := make([]byte, 2*len(pcm))
			for i, v := range pcm {
				payload[2*i], payload[2*i+1] = byte(uint16(v)>>8), byte(v)
			}
			level, known := c.PayloadLevel(payload)
			if want := dsp.LevelDBov(pcm); level != want || !known {
				t.Errorf("%v: %d, %t, want %d", pcm, level, known, want)
			}
		}
	}
	if _, known := Narrowband().PayloadLevel([]byte{1}); known {
		t.Error("half a sample has a level")
	}
}
