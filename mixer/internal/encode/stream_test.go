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
	"github.com/skygenesisenterprise/skybridge/media/rtp"
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
					all = append(all, p.Packet[rtp.HeaderBytes:]...)
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

// Opus packets are of the length that was asked for, in whole frames or half of one;
// they follow each other without a gap, and decode to what frames would.
func TestOpusPackets(t *testing.T) {
	c := opus.Codec()
	for ask, want := range map[time.Duration]time.Duration{10: 10, 20: 20, 30: 20, 40: 40, 50: 40, 60: 60} {
		ask, want = ask*time.Millisecond, want*time.Millisecond
		for _, bitrate := range []int32{32000, 256000} { // the latter needs more than a packet
			cfg := media.EncoderConfig{Bitrate: bitrate}
			s, err := NewStream(KeyOf(media.Format{Codec: c, Ptime: ask}, cfg))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			dec, err := c.NewDecoder()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(dec.Close)
			pcm := make([]int16, 5760)
			next, longest := 0, time.Duration(0)
			for i := range 60 {
				n, err := s.enc.Encode(s.target(), tone(300+float64(i%7)*500, 8000, c.SampleRate, i*c.FrameSamples(), c.FrameSamples()))
				if err != nil {
					t.Fatal(err)
				}
				s.cut(n, int64(i*pace.TicksPerFrame))
				for _, p := range s.Pieces() {
					start := i*unitsPerFrame + int(p.Start)
					if start != next || len(p.Packet) > maxPacketBytes {
						t.Fatalf("%v at %d: a packet of %d bytes from %d on, expected from %d", ask, bitrate, len(p.Packet), start, next)
					}
					next = start + int(p.Units)
					length := time.Duration(p.Units) * Unit
					longest = max(longest, length)
					payload := p.Packet[rtp.HeaderBytes:]
					if got := c.PayloadDuration(payload); got != length {
						t.Fatalf("%v at %d: a packet of %v holds %v", ask, bitrate, length, got)
					}
					if k, err := dec.Decode(pcm, payload); err != nil || k != int(p.Units)*480 {
						t.Fatalf("%v at %d: %d samples, %v", ask, bitrate, k, err)
					}
				}
			}
			if longest != want && (bitrate == 32000 || longest > want) {
				t.Errorf("%v at %d asked for: %v", ask, bitrate, longest)
			}
			if next < 60*unitsPerFrame-6 {
				t.Errorf("%v at %d: only %d units", ask, bitrate, next)
			}
		}
	}
}

// With DTX silence is told once, and then now and then; speech follows at once.
func TestDTX(t *testing.T) {
	c := opus.Codec()
	for _, ms := range []time.Duration{10, 20, 40, 60} {
		s, err := NewStream(KeyOf(media.Format{Codec: c, Ptime: ms * time.Millisecond}, media.EncoderConfig{DTX: true}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		sent := func(frames, from int, peak float64) (units int) {
			for i := from; i < from+frames; i++ {
				voice := tone(150+float64(i*37%11)*60, peak, c.SampleRate, i*c.FrameSamples(), c.FrameSamples())
				n, err := s.enc.Encode(s.target(), voice)
				if err != nil {
					t.Fatal(err)
				}
				s.cut(n, int64(i*pace.TicksPerFrame))
				for _, p := range s.Pieces() {
					units += int(p.Units)
				}
			}
			return units
		}
		if n := sent(60, 0, 8000); n < 114 {
			t.Errorf("%v ms: %d of 120 units of speech", int(ms), n)
		}
		sent(30, 60, 0)
		if n := sent(90, 90, 0); n > 60 {
			t.Errorf("%v ms: %d of 180 units of silence", int(ms), n)
		}
		if n := sent(30, 180, 8000); n < 54 {
			t.Errorf("%v ms: %d of 60 units of speech again", int(ms), n)
		}
	}
}

func TestConstantRate(t *testing.T) {
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
				longest, units = max(longest, len(p.Packet)), max(units, int(p.Units))
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
