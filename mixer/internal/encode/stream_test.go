package encode

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// A fork of the real codecs' encoders gives, for the same PCM, the same bytes.
func TestForkedStreamIsBitExact(t *testing.T) {
	for _, c := range []*media.Codec{opus.Codec(), g722.Codec()} {
		for _, ptime := range []time.Duration{20 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond, 60 * time.Millisecond} {
			f := media.Format{Codec: c, Ptime: ptime}
			key := KeyOf(f, media.EncoderConfig{})
			a, err := NewStream(key)
			if err != nil {
				t.Fatal(err)
			}
			b, err := NewStream(key)
			if err != nil {
				t.Fatal(err)
			}
			encode := func(s *Stream, i int) []byte {
				n, err := s.enc.Encode(s.target(), tone(300, 8000, c.SampleRate, i*c.FrameSamples(), c.FrameSamples()))
				if err != nil {
					t.Fatal(err)
				}
				s.cut(n, int64(i*pace.TicksPerFrame))
				var all []byte
				for _, p := range s.Pieces() {
					all = append(all, p.Packet...)
				}
				return all
			}
			for i := range 25 {
				encode(a, i)
			}
			b.CopyFrom(a)
			for i := 25; i < 50; i++ {
				if !slices.Equal(encode(a, i), encode(b, i)) {
					t.Fatalf("%s: frame %d differs", c.Name, i)
				}
			}
			a.Close()
			b.Close()
		}
	}
}

// Opus packets are frames, whatever ptime was asked for.
func TestOpusKeepsItsFrames(t *testing.T) {
	f := media.Format{Codec: opus.Codec(), Ptime: 60 * time.Millisecond}
	if key := KeyOf(f, media.EncoderConfig{}); key.Units != unitsPerFrame {
		t.Errorf("%d units", key.Units)
	}
	for _, c := range []*media.Codec{g711.MuLaw(), g711.ALaw(), g722.Codec(), opus.Codec()} {
		if want := c.Name != "opus"; isConstantRate(c) != want {
			t.Errorf("%s counts as constant rate: %v", c.Name, !want)
		}
	}
}

// A packet is as long as was asked for, as far as it fits into one Ethernet frame.
func TestPacketsFitTheNetwork(t *testing.T) {
	for _, tt := range []struct {
		codec *media.Codec
		ptime time.Duration
		want  time.Duration
	}{
		{g711.MuLaw(), 60 * time.Millisecond, 60 * time.Millisecond},
		{l16.Narrowband(), 60 * time.Millisecond, 60 * time.Millisecond},
		{l16.Wideband(), 20 * time.Millisecond, 20 * time.Millisecond},
		{l16.Wideband(), 60 * time.Millisecond, 40 * time.Millisecond},
	} {
		s, err := NewStream(KeyOf(media.Format{Codec: tt.codec, Ptime: tt.ptime}, media.EncoderConfig{}))
		if err != nil {
			t.Fatal(err)
		}
		longest, units := 0, 0
		for i := range 12 {
			n, err := s.enc.Encode(s.target(), make([]int16, tt.codec.FrameSamples()))
			if err != nil {
				t.Fatal(err)
			}
			s.cut(n, int64(i*pace.TicksPerFrame))
			for _, p := range s.Pieces() {
				longest, units = max(longest, len(p.Packet)), max(units, p.Units)
			}
		}
		if longest > maxPacketBytes || time.Duration(units)*Unit != tt.want {
			t.Errorf("%s, %v asked for: %v in %d bytes", tt.codec.ConfName, tt.ptime, time.Duration(units)*Unit, longest)
		}
		s.Close()
	}
}

// tone is n samples of a sine from sample at on.
func tone(hz float64, peak float64, rate, at, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(at+i)/float64(rate))))
	}
	return pcm
}
