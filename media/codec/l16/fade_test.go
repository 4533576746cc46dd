package l16

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// A payload begins in silence or ends in it after 5 ms, and is as it was otherwise, also where
// it ends in half a sample.
func TestFade(t *testing.T) {
	for _, c := range []*media.Codec{Narrowband(), Wideband()} {
		edge := c.SampleRate / 200
		for _, n := range []int{0, 1, 2, 2 * edge, 8 * edge, 8*edge + 1} {
			whole := bytes.Repeat([]byte{0x40, 0x00}, n)[:n]
			in, out := bytes.Clone(whole), bytes.Clone(whole)
			c.Fade(in, true)
			c.Fade(out, false)
			length := min(edge, n/2)
			for i := range n / 2 {
				rise, fall := 16384, 0
				if i < length {
					rise, fall = 16384*i/length, 16384*(length-i)/length
				}
				if got := int(in[2*i])<<8 | int(in[2*i+1]); got != rise {
					t.Fatalf("%d bytes: sample %d rises to %d, want %d", n, i, got, rise)
				}
				if got := int(out[2*i])<<8 | int(out[2*i+1]); got != fall {
					t.Fatalf("%d bytes: sample %d falls to %d, want %d", n, i, got, fall)
				}
			}
		}
		payload := make([]byte, 2*c.SampleRate/50)
		if n := testing.AllocsPerRun(100, func() { c.Fade(payload, false) }); n != 0 {
			t.Errorf("%s: %v allocations", c.ConfName, n)
		}
	}
}
