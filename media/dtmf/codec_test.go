package dtmf_test

import (
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/dtmf"
)

// Digits are found behind each codec.
func TestDetectorBehindCodecs(t *testing.T) {
	t.Parallel()
	for _, c := range []*media.Codec{g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec()} {
		enc, err := c.NewEncoder(media.EncoderConfig{})
		if err != nil {
			t.Fatal(err)
		}
		dec, err := c.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		pcm, err := dtmf.DigitsClip("w"+pad+"ww"+pad, c.SampleRate, 60*time.Millisecond, 60*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		var heard []int16
		data, out := make([]byte, c.MaxFrameBytes), make([]int16, 5760)
		for n := c.FrameSamples(); len(pcm) >= n; pcm = pcm[n:] {
			k, err := enc.Encode(data, pcm[:n])
			if err != nil {
				t.Fatal(err)
			}
			k, err = dec.Decode(out, data[:k])
			if err != nil {
				t.Fatal(err)
			}
			heard = append(heard, out[:k]...)
		}
		enc.Close()
		dec.Close()
		if c.SampleRate != dtmf.DetectorRate {
			if heard, err = dsp.ResampleClip(heard, c.SampleRate, dtmf.DetectorRate); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := detect(t, heard); got != pad+pad {
			t.Errorf("%s: %q", c.Name, got)
		}
	}
}
