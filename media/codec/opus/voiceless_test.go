//go:build cgo

package opus

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
)

// What encoders find is what is read: voices in most of speech, none in a room's noise.
func TestVoicelessByEncoder(t *testing.T) {
	pcm, noise := speech(t), make([]int16, 100*frameSamples)
	for i := range noise {
		noise[i] = int16(uint32(i)*2654435761>>26) - 32
	}
	for _, bitrate := range []int32{16000, 24000, 32000} { // narrow-band, wide-band, hybrid
		count := func(pcm []int16) (voiceless, frames int) {
			e := encoder(t, media.EncoderConfig{Bitrate: bitrate})
			for ; frames < len(pcm)/frameSamples; frames++ {
				if codec.Voiceless(encode(t, e, frame(pcm, frames))) {
					voiceless++
				}
			}
			return voiceless, frames
		}
		if n, of := count(pcm); 2*n > of {
			t.Errorf("%d bit/s: no voice in %d frames of speech of %d", bitrate, n, of)
		}
		if n, of := count(noise); 10*n < 9*of {
			t.Errorf("%d bit/s: no voice in %d frames of noise of %d only", bitrate, n, of)
		}
	}
}
