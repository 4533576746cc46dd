package quality_test

import (
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/quality"
)

// TestCodecs rates the codecs of the server on a path without fault and on one with 5 %
// of random loss and 80 ms of delay.
func TestCodecs(t *testing.T) {
	bad := quality.Path{Loss: 0.05, Delay: 80 * time.Millisecond}
	for _, c := range []struct {
		codec     *media.Codec
		band      string
		good, bad float64
	}{
		{g711.MuLaw(), "narrowband", 4.41, 3.85},
		{g711.ALaw(), "narrowband", 4.41, 3.85},
		{l16.Narrowband(), "narrowband", 4.41, 3.85},
		{l16.Wideband(), "wideband", 4.5, 3.01},
		{g722.Codec(), "wideband", 4.34, 2.75},
		{opus.Codec(), "fullband", 4.42, 3.25},
	} {
		for path, want := range map[quality.Path]float64{{}: c.good, bad: c.bad} {
			s, ok := quality.Rate(c.codec.Impairment, path)
			if !ok || s.Band.String() != c.band || math.Abs(s.MOS-want) > 0.02 {
				t.Errorf("%s over %+v: %+v %v, want %.2f %s", c.codec.ConfName, path, s, ok, want, c.band)
			}
		}
	}
}
