package g711

import (
	"math"
	"sort"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
)

// law holds the decision values x and output values y of the positive half of
// G.711 table 1a or 2a, in units of the law's linear range, built as the tables
// are: segments of sixteen equal intervals. Interval n is [x(n), x(n+1)).
type law struct {
	x, y []int
	unit int // 16-bit steps per unit
}

func tableLaw(first, intervals []int, unit int) law {
	l := law{x: first, unit: unit}
	for _, width := range intervals {
		for range 16 {
			l.x = append(l.x, l.x[len(l.x)-1]+width)
		}
	}
	for n := range len(l.x) - 1 {
		l.y = append(l.y, (l.x[n]+l.x[n+1])/2)
	}
	return l
}

// muLawTable: 0, 1, 3 ... 31, then segments up to 8159; the first output is 0.
func muLawTable() law {
	l := law{x: []int{0, 1}, unit: 4}
	for range 15 {
		l.x = append(l.x, l.x[len(l.x)-1]+2)
	}
	l = tableLaw(l.x, []int{4, 8, 16, 32, 64, 128, 256}, 4)
	l.y[0] = 0
	return l
}

func aLawTable() law { return tableLaw([]int{0}, []int{2, 2, 4, 8, 16, 32, 64, 128}, 8) }

// interval is the number of the interval that holds a magnitude in 16-bit steps.
func (l law) interval(magnitude int) int {
	n := sort.SearchInts(l.x, magnitude/l.unit+1) - 1
	return min(n, len(l.y)-1)
}

func TestEncodeEveryInput(t *testing.T) {
	mu, a := muLawTable(), aLawTable()
	var pcm [1]int16
	var got [1]byte
	for s := math.MinInt16; s <= math.MaxInt16; s++ {
		magnitude, sign := s, byte(0x80)
		if s < 0 {
			magnitude, sign = -s-1, 0
		}
		pcm[0] = int16(s)
		EncodeMuLaw(got[:], pcm[:])
		if want := sign | ^byte(mu.interval(magnitude))&0x7f; got[0] != want {
			t.Fatalf("mu-law of %d is %#02x, want %#02x", s, got[0], want)
		}
		EncodeALaw(got[:], pcm[:])
		if want := (sign | byte(a.interval(magnitude))) ^ 0x55; got[0] != want {
			t.Fatalf("A-law of %d is %#02x, want %#02x", s, got[0], want)
		}
	}
}

func TestDecodeEveryCode(t *testing.T) {
	mu, a := muLawTable(), aLawTable()
	for i := range 256 {
		code := ^byte(i)
		want := mu.y[code&0x7f] * mu.unit
		if code&0x80 != 0 {
			want = -want
		}
		if got := MuLawSample(byte(i)); int(got) != want {
			t.Errorf("mu-law %#02x is %d, want %d", i, got, want)
		}
		code = byte(i) ^ 0x55
		want = a.y[code&0x7f] * a.unit
		if code&0x80 == 0 {
			want = -want
		}
		if got := ALawSample(byte(i)); int(got) != want {
			t.Errorf("A-law %#02x is %d, want %d", i, got, want)
		}
	}
}

// Known values that anyone can check against the recommendation.
func TestKnownCodes(t *testing.T) {
	for _, c := range []struct {
		pcm   int16
		mu, a byte
	}{
		{0, 0xff, 0xd5},
		{-1, 0x7f, 0x55},
		{32767, 0x80, 0xaa},
		{-32768, 0x00, 0x2a},
		{8, 0xfe, 0xd5},
		{1000, 0xce, 0xfa},
	} {
		var b [1]byte
		EncodeMuLaw(b[:], []int16{c.pcm})
		if b[0] != c.mu {
			t.Errorf("mu-law of %d: %#02x, want %#02x", c.pcm, b[0], c.mu)
		}
		EncodeALaw(b[:], []int16{c.pcm})
		if b[0] != c.a {
			t.Errorf("A-law of %d: %#02x, want %#02x", c.pcm, b[0], c.a)
		}
	}
}

func TestRoundTripOfEveryCode(t *testing.T) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		enc, dec := open(t, c)
		all, pcm, back := make([]byte, 256), make([]int16, 960), make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		n, err := dec.Decode(pcm, all)
		if err != nil || n != 256 {
			t.Fatalf("%s: decode: %d, %v", c.Name, n, err)
		}
		if n, err = enc.Encode(back, pcm[:256]); err != nil || n != 256 {
			t.Fatalf("%s: encode: %d, %v", c.Name, n, err)
		}
		for i := range all {
			want := all[i]
			if c == MuLaw() && want == 0x7f { // minus zero decodes to zero
				want = 0xff
			}
			if back[i] != want {
				t.Errorf("%s: %#02x came back as %#02x", c.Name, all[i], back[i])
			}
		}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		enc, dec := open(t, c)
		if _, err := dec.Decode(make([]int16, 960), nil); err == nil {
			t.Errorf("%s: empty payload accepted", c.Name)
		}
		if _, err := dec.Decode(make([]int16, 10), make([]byte, 11)); err == nil {
			t.Errorf("%s: payload longer than the buffer accepted", c.Name)
		}
		if _, err := enc.Encode(make([]byte, 10), make([]int16, 11)); err == nil {
			t.Errorf("%s: frame longer than the buffer accepted", c.Name)
		}
		if d := c.PayloadDuration(make([]byte, 160)); d != media.FrameDuration {
			t.Errorf("%s: 160 bytes last %v", c.Name, d)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		enc, dec := open(t, c)
		pcm, payload := make([]int16, 960), make([]byte, 160)
		if n := testing.AllocsPerRun(100, func() {
			_, _ = enc.Encode(payload, pcm[:160])
			_, _ = dec.Decode(pcm, payload)
			dec.Conceal(pcm[:160])
			enc.CopyFrom(enc)
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.Name, n)
		}
	}
}

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

func BenchmarkPayloadLevel(b *testing.B) {
	payload := make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = MuLaw().PayloadLevel(payload)
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		enc, dec := open(b, c)
		pcm, payload := make([]int16, 960), make([]byte, 160)
		for i := range pcm {
			pcm[i] = int16(8000 * math.Sin(float64(i)*0.3))
		}
		b.Run(c.Name+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = enc.Encode(payload, pcm[:160])
			}
		})
		b.Run(c.Name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = dec.Decode(pcm, payload)
			}
		})
	}
}

// The level of a payload is that of what it decodes to.
func TestPayloadLevel(t *testing.T) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		enc, dec := open(t, c)
		pcm, payload, decoded := make([]int16, 160), make([]byte, 160), make([]int16, 960)
		for peak := 0.0; peak < 33000; peak = peak*1.3 + 1 {
			for i := range pcm {
				pcm[i] = int16(min(peak, 32767) * math.Sin(float64(i)*0.3))
			}
			if _, err := enc.Encode(payload, pcm); err != nil {
				t.Fatal(err)
			}
			n, err := dec.Decode(decoded, payload)
			if err != nil {
				t.Fatal(err)
			}
			if level, known := c.PayloadLevel(payload); !known || level != dsp.LevelDBov(decoded[:n]) {
				t.Errorf("%s: a peak of %.0f is at %d, want %d", c.Name, peak, level, dsp.LevelDBov(decoded[:n]))
			}
		}
	}
}
