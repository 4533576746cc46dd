package playout

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/g722"
	"github.com/skygenesisenterprise/skybridge/media/codec/l16"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/rates"
)

// listener is a playout that somebody listens to, with its worker's memory.
type listener struct {
	t testing.TB
	Playout
	memory Memory
	rate   int
	buf    []int16
	at     time.Duration // of the next frame
	first  uint32        // number of the first packet, which comes 15 ms before the first frame
	pushed bool
}

func newListener(t testing.TB, limit time.Duration, rate int, codecs ...*media.Codec) *listener {
	t.Helper()
	l := &listener{t: t, rate: rate, buf: make([]int16, rates.MaxFrame+MaxDecoded)}
	l.Init(limit, l.memory.Release)
	var formats []media.Format
	for _, c := range codecs {
		formats = append(formats, media.Format{Codec: c, PayloadType: c.PayloadType})
	}
	l.SetFormats(formats)
	l.Listen(true, rate)
	t.Cleanup(func() {
		l.Reset()
		l.Close()
		if _, used, _ := l.memory.Slots(); used != 0 {
			t.Errorf("%d packet slots are left in use", used)
		}
	})
	return l
}

// push gives the listener a packet and expects it to be kept.
func (l *listener) push(ext uint32, format int, payload []byte) {
	l.t.Helper()
	length := l.formats[format].Codec.PayloadDuration(payload)
	if got := l.arrive(ext, format, payload, length, Unknown); got != jitter.Kept {
		l.t.Fatalf("packet %d of %v: %v", ext, length, got)
	}
}

// arrive gives it one that comes when it is its turn.
func (l *listener) arrive(ext uint32, format int, payload []byte, length time.Duration, claimed uint8) jitter.Verdict {
	if !l.pushed {
		l.pushed, l.first = true, ext
	}
	turn := time.Duration(int32(ext-l.first)) * length
	return l.Push(&l.memory, &Arrival{
		Sequence: ext, Timestamp: uint32(turn * time.Duration(l.Codec(uint8(format)).ClockRate) / time.Second), Format: uint8(format),
		Payload: payload, Length: length, At: turn, Claimed: claimed,
	})
}

// now is when the next frame is played.
func (l *listener) now() time.Duration {
	defer func() { l.at += 20 * time.Millisecond }()
	return l.at + 15*time.Millisecond
}

// frame is the next 20 ms.
func (l *listener) frame() ([]int16, bool) {
	l.t.Helper()
	spoke, err := l.Frame(&l.memory, l.buf, l.now())
	if err != nil {
		l.t.Fatal(err)
	}
	return l.buf[:l.rate/50], spoke
}

// linear is L16 of n samples that count up from the first.
func linear(first, n int) []byte {
	var b []byte
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(int16(first+i)))
	}
	return b
}

// silence is n frames of a codec in silence, one packet each.
func silence(t testing.TB, c *media.Codec, n int) (packets [][]byte) {
	t.Helper()
	enc, err := c.NewEncoder(media.EncoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	for range n {
		b := make([]byte, c.MaxFrameBytes)
		k, err := enc.Encode(b, make([]int16, c.FrameSamples()))
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b[:k])
	}
	return packets
}

// The limit holds for every clock, also for the one a playout begins with.
func TestLimit(t *testing.T) {
	for _, c := range []*media.Codec{g711.MuLaw(), g711.ALaw(), g722.Codec(), l16.Wideband(), opus.Codec()} {
		for _, limit := range []time.Duration{60 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
			l := newListener(t, limit, 8000, c)
			most := time.Duration(0)
			for i, payload := range silence(t, c, 50) {
				l.push(uint32(i), 0, payload)
				most = max(most, l.Delay())
			}
			if most != limit {
				t.Errorf("%s/%d: up to %v are held, want %v", c.Name, c.SampleRate, most, limit)
			}
		}
	}
}

// What comes in packets of any length is played in frames, sample for sample.
func TestFrames(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 50, 90} {
		n := 8 * ms
		l := newListener(t, time.Second, 8000, l16.Narrowband())
		var got []int16
		for i, at := 0, 0; i < 30; i++ {
			for ; at < (i+1)*160; at += n {
				l.push(uint32(at/n), 0, linear(at, n))
			}
			pcm, spoke := l.frame()
			if !spoke {
				t.Fatalf("%d ms: frame %d is silent", ms, i)
			}
			got = append(got, pcm...)
		}
		for i, v := range got {
			if int(v) != i {
				t.Fatalf("%d ms: sample %d is %d", ms, i, v)
			}
		}
	}
}

// One lost packet is made up, and as much after the last: it fades into the noise of
// the background, and then there is nothing but silence.
func TestConcealment(t *testing.T) {
	l := newListener(t, 200*time.Millisecond, 8000, g711.MuLaw())
	tone := make([]byte, 160)
	for i := range tone {
		pcm := []int16{int16(8000 * math.Sin(2*math.Pi*400*float64(i)/8000))}
		g711.EncodeMuLaw(tone[i:i+1], pcm)
	}
	ext := uint32(1<<32 - 3) // numbers wrap
	for i := range uint32(6) {
		if i != 3 {
			l.push(ext+i, 0, tone)
		}
	}
	for i := range 6 {
		if pcm, spoke := l.frame(); !spoke || slices.Max(pcm) < 4000 {
			t.Errorf("frame %d is up to %d, spoken %v", i, slices.Max(pcm), spoke)
		}
	}
	if got := l.Concealed(); got != 1 {
		t.Errorf("%d frames were made up for one lost packet", got)
	}
	spoken := 0
	for range 200 {
		if _, spoke := l.frame(); spoke {
			spoken++
		}
	}
	if want := int(maxNoise / (20 * time.Millisecond)); spoken != want {
		t.Errorf("%d frames after the last packet, want %d", spoken, want)
	}
	if got, want := l.Concealed(), 1+uint64(maxConcealed/(20*time.Millisecond)); got != want {
		t.Errorf("%d frames were made up, want %d; the rest is noise", got, want)
	}
	// A packet too late for its place is refused, and one that came is not kept twice.
	if got := l.arrive(ext, 0, tone, 20*time.Millisecond, Unknown); got != jitter.Duplicate && got != jitter.Late {
		t.Errorf("a packet from before: %v", got)
	}
}

// Frames have the listener's rate, whatever is spoken, and a change of the codec
// in the middle is followed.
func TestRates(t *testing.T) {
	codecs := []*media.Codec{g711.MuLaw(), l16.Wideband(), opus.Codec()}
	for _, rate := range rates.Hz {
		if rate == 24000 {
			continue // there is no filter from 16 kHz, and no codec of 24 kHz yet
		}
		l := newListener(t, 200*time.Millisecond, rate, codecs...)
		ext := uint32(0)
		for format, c := range codecs {
			for _, payload := range silence(t, c, 5) {
				l.push(ext, format, payload)
				ext++
				if pcm, spoke := l.frame(); !spoke || len(pcm) != rate/50 {
					t.Errorf("%s at %d Hz: %d samples, spoken %v", c.Name, rate, len(pcm), spoke)
				}
			}
		}
	}
}

// What no decoder takes is counted and concealed; a hole keeps its place.
func TestInvalid(t *testing.T) {
	l := newListener(t, 200*time.Millisecond, 8000, l16.Narrowband())
	l.push(0, 0, linear(100, 160))
	if got := l.arrive(1, 0, []byte{1, 2, 3}, 20*time.Millisecond, Unknown); got != jitter.Kept {
		t.Fatal(got)
	}
	l.Hole(2)
	l.push(3, 0, linear(500, 160))
	for range 2 {
		l.frame()
	}
	l.at += 20 * time.Millisecond // the hole's
	if l.Invalid() != 1 || l.memory.Dropped != 1 {
		t.Errorf("%d invalid packets, %d dropped", l.Invalid(), l.memory.Dropped)
	}
	// It begins blended with what was made up.
	if pcm, _ := l.frame(); pcm[159] != 659 {
		t.Errorf("the packet after the hole ends with %d", pcm[159])
	}
}

// A renegotiation drops what waits and keeps the decoders of codecs that stay.
func TestSetFormats(t *testing.T) {
	l := newListener(t, 200*time.Millisecond, 8000, opus.Codec(), g711.MuLaw())
	packets := silence(t, opus.Codec(), 4)
	l.push(0, 0, packets[0])
	l.frame()
	decoder := l.formats[0].decoder
	l.push(1, 0, packets[1])
	l.SetFormats([]media.Format{{Codec: g711.MuLaw()}, {Codec: opus.Codec(), PayloadType: 96}})
	if d := l.Delay(); d != 0 || l.formats[1].decoder != decoder || l.formats[0].decoder != nil {
		t.Errorf("%v wait after a renegotiation", d)
	}
	if _, spoke := l.frame(); spoke {
		t.Error("something was made up of what was dropped")
	}
	l.push(2, 1, packets[2])
	if _, spoke := l.frame(); !spoke {
		t.Error("nothing is heard in the new formats")
	}
	// Who stops listening, and listens again, hears nothing old.
	l.push(3, 1, packets[3])
	l.Listen(false, 8000)
	l.Hole(4)
	l.Listen(true, 8000)
	if d := l.Delay(); d != 0 {
		t.Errorf("%v wait", d)
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	l := newListener(t, 200*time.Millisecond, 48000, g711.MuLaw())
	payload := make([]byte, 240) // 30 ms, so that some is always left
	ext := uint32(0)
	play := func() {
		for range 2 {
			l.push(ext, 0, payload)
			ext++
		}
		for range 3 {
			l.frame()
		}
	}
	play()
	if n := testing.AllocsPerRun(100, play); n != 0 {
		t.Errorf("%v allocations in three frames", n)
	}
}

// A peer that speaks now one codec, now the other, costs no more than one that stays.
func TestCodecsTakeTurns(t *testing.T) {
	l := newListener(t, 200*time.Millisecond, 8000, g722.Codec(), opus.Codec(), g711.MuLaw())
	var packets [3][][]byte
	for format := range l.formats {
		packets[format] = silence(t, l.formats[format].Codec, 3)
	}
	ext := uint32(0)
	play := func() {
		for format := range packets {
			l.push(ext, format, packets[format][2])
			ext++
			l.frame()
		}
	}
	play()
	if n := testing.AllocsPerRun(100, play); n != 0 {
		t.Errorf("%v allocations in a frame of each", n)
	}
}
