package g722

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// parted is two encoders that have encoded different things, the decoder that has followed
// the second, and one that has followed the first.
func parted(t testing.TB, speech []int16, seed uint64) (a, b *Encoder, followsA, followsB *Decoder) {
	t.Helper()
	a, b, followsA, followsB = NewEncoder(), NewEncoder(), NewDecoder(), NewDecoder()
	r := rand.New(rand.NewPCG(seed, 722))
	other := make([]int16, 320)
	payload, pcm := make([]byte, 160), make([]int16, 1920)
	for i := range 50 {
		for k := range other {
			other[k] = int16(r.Int32N(8000) - 4000)
		}
		for _, one := range []struct {
			e   *Encoder
			d   *Decoder
			pcm []int16
		}{{a, followsA, speech[i*320:][:320]}, {b, followsB, other}} {
			if _, err := one.e.Encode(payload, one.pcm); err != nil {
				t.Fatal(err)
			}
			if _, err := one.d.Decode(pcm, payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	return a, b, followsA, followsB
}

// An encoder that approaches another one reaches its state, while the decoder that follows
// it hears what was said, with hardly more noise than the quantiser's own; from then on the
// other's payloads are its own.
func TestApproach(t *testing.T) {
	speech := readWAV(t, audio+"speech-16k.wav")
	for _, tt := range []struct {
		name   string
		scale  int16
		within int // frames
	}{{"speech", 1, 150}, {"soft speech", 8, 250}, {"loud speech", -1, 150}} {
		for seed := range uint64(4) {
			a, b, _, follows := parted(t, speech, seed)
			best := *b // encodes the same without approaching
			reference := NewDecoder()
			*reference = *follows
			reference.loss = NewDecoder().loss
			mine, theirs, plain := make([]byte, 160), make([]byte, 160), make([]byte, 160)
			heard, undisturbed := make([]int16, 1920), make([]int16, 1920)
			var signal, extra float64
			at := -1
			for i := 0; i < tt.within && at < 0; i++ {
				from := (int(seed)*41 + i) % (len(speech) / 320) * 320
				pcm := append([]int16(nil), speech[from:from+320]...)
				for k := range pcm {
					pcm[k] /= tt.scale
				}
				if _, err := a.Encode(theirs, pcm); err != nil {
					t.Fatal(err)
				}
				n, how, err := b.Approach(mine, pcm, a, theirs, i)
				if err != nil || n != 160 {
					t.Fatal(n, err)
				}
				if (how != media.Apart) != bytes.Equal(mine, theirs) && how != media.Same {
					t.Fatalf("%v, although % x is % x", how, mine[:4], theirs[:4])
				}
				if how == media.Same {
					at = i
				}
				if _, err := best.Encode(plain, pcm); err != nil {
					t.Fatal(err)
				}
				if _, err := follows.Decode(heard, mine); err != nil {
					t.Fatal(err)
				}
				if _, err := reference.Decode(undisturbed, plain); err != nil {
					t.Fatal(err)
				}
				for k := range 320 {
					v, d := float64(undisturbed[k]), float64(heard[k])-float64(undisturbed[k])
					signal, extra = signal+v*v, extra+d*d
				}
			}
			snr := 10 * math.Log10(signal/max(extra, 1))
			t.Logf("%s %d: the same after %d frames; what is heard meanwhile differs by %.1f dB below", tt.name, seed, at, snr)
			if at < 0 || snr < 12 {
				t.Errorf("%s %d: the same after %d frames; what is heard meanwhile differs by %.1f dB below", tt.name, seed, at, snr)
			}
			if a.lower != b.lower || a.upper != b.upper {
				t.Errorf("%s: not the same", tt.name)
			}
		}
	}
}

// In silence encoders come to make the same payloads, if not to the same state: what is left
// is not heard when somebody speaks again.
func TestApproachInSilence(t *testing.T) {
	speech := readWAV(t, audio+"speech-16k.wav")
	a, b, followsA, followsB := parted(t, speech, 1)
	mine, theirs := make([]byte, 160), make([]byte, 160)
	one, two := make([]int16, 1920), make([]int16, 1920)
	silence := make([]int16, 320)
	alike, i := 0, 0
	for ; alike < media.AlikeEnough && i < 300; i++ {
		if _, err := a.Encode(theirs, silence); err != nil {
			t.Fatal(err)
		}
		_, how, err := b.Approach(mine, silence, a, theirs, i)
		if err != nil {
			t.Fatal(err)
		}
		if alike++; how == media.Apart {
			alike = 0
		}
		if _, err := followsA.Decode(one, theirs); err != nil {
			t.Fatal(err)
		}
		if _, err := followsB.Decode(two, mine); err != nil {
			t.Fatal(err)
		}
	}
	if alike < media.AlikeEnough {
		t.Fatalf("after %d frames of silence %d were alike", i, alike)
	}
	var most, energy float64
	samples := 0
	for k := 0; (k+1)*320 <= len(speech); k++ {
		if _, err := a.Encode(theirs, speech[k*320:][:320]); err != nil {
			t.Fatal(err)
		}
		if _, err := followsA.Decode(one, theirs); err != nil {
			t.Fatal(err)
		}
		if _, err := followsB.Decode(two, theirs); err != nil { // the other's from here on
			t.Fatal(err)
		}
		for j := range 320 {
			d := float64(one[j]) - float64(two[j])
			most, energy, samples = max(most, math.Abs(d)), energy+d*d, samples+1
		}
	}
	residue := 10 * math.Log10(energy/float64(samples)/(32768*32768)+1e-20)
	t.Logf("after %d frames: a residue of %.1f dBFS, at most %.0f", i, residue, most)
	if residue > -90 {
		t.Errorf("a residue of %.1f dBFS, at most %.0f", residue, most)
	}
}

func BenchmarkApproach(b *testing.B) {
	speech := readWAV(b, audio+"speech-16k.wav")
	lead, e, _, _ := parted(b, speech, 1)
	mine, theirs := make([]byte, 160), make([]byte, 160)
	if _, err := lead.Encode(theirs, speech[:320]); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := e.Approach(mine, speech[:320], lead, theirs, 0); err != nil {
			b.Fatal(err)
		}
	}
}
