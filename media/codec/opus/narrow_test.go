//go:build cgo

package opus

import (
	"bytes"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// What came from a telephone is coded as narrow-band speech, and anything again when
// something else comes; never beyond what the peer plays.
func TestNarrow(t *testing.T) {
	pcm := speech(t)
	for _, tt := range []struct {
		source, peer int32
		most         byte // configuration (RFC 6716 table 2)
	}{{8000, 0, 3}, {16000, 0, 11}, {16000, 8000, 3}, {8000, 16000, 3}, {48000, 16000, 11}} {
		e := encoder(t, media.EncoderConfig{Bandwidth: tt.peer})
		e.Narrow(tt.source)
		fork := encoder(t, media.EncoderConfig{})
		for i := range 50 {
			packet := encode(t, e, frame(pcm, i))
			if got := packet[0] >> 3; got > tt.most {
				t.Fatalf("from %d Hz to %d: configuration %d in packet %d", tt.source, tt.peer, got, i)
			}
			if i > 25 {
				if !bytes.Equal(encode(t, fork, frame(pcm, i)), packet) {
					t.Fatal("a fork is not like what it was forked from")
				}
			}
			if i == 25 {
				fork.CopyFrom(e)
			}
		}
		e.Narrow(0)
		widest := byte(0)
		for i := range 50 {
			widest = max(widest, encode(t, e, frame(pcm, i))[0]>>3)
		}
		if tt.peer == 0 && widest < 12 || tt.peer > 0 && widest > 11 {
			t.Errorf("from %d Hz to %d: configuration %d after that", tt.source, tt.peer, widest)
		}
	}
}
