package g711

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// A payload begins in silence or ends in it after 5 ms, and is as it was otherwise.
func TestFade(t *testing.T) {
	for _, c := range []*media.Codec{MuLaw(), ALaw()} {
		dec, err := c.NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 39, 40, 160, 480} {
			whole := bytes.Repeat([]byte{0x90}, n) // a constant
			loud := make([]int16, n)
			if _, err := dec.Decode(loud, whole); err != nil {
				t.Fatal(err)
			}
			for _, in := range []bool{true, false} {
				payload, pcm := bytes.Clone(whole), make([]int16, n)
				c.Fade(payload, in)
				if _, err := dec.Decode(pcm, payload); err != nil {
					t.Fatal(err)
				}
				for i, v := range pcm {
					rest := max(min(n, edge)-i, 0) // of the fade
					share := float64(rest) / float64(min(n, edge))
					if in {
						share = 1 - share
					}
					if want := share * float64(loud[i]); float64(v) < want-600 || float64(v) > want+600 {
						t.Fatalf("%s, %d samples, in %v: sample %d is %d, want about %.0f", c.Name, n, in, i, v, want)
					}
					if rest == 0 && (in && payload[i] != whole[i] || !in && (v > 8 || v < -8)) {
						t.Fatalf("%s, %d samples, in %v: sample %d is %d", c.Name, n, in, i, v)
					}
				}
			}
		}
		c.Fade(nil, true)
		payload := make([]byte, 160)
		if n := testing.AllocsPerRun(100, func() { c.Fade(payload, false) }); n != 0 {
			t.Errorf("%s: %v allocations", c.Name, n)
		}
	}
}
