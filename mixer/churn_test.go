package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/media/dsp"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// Where ten talk at once and three are heard, somebody who is has its say: it is not cut
// off at every breath, and little is decoded for those who come in.
func TestPlacesAreKept(t *testing.T) {
	speech, err := dsp.ResampleClip(mediatest.Synthetic(t, "en-us"), mediatest.SpeechRate, 48000)
	if err != nil {
		t.Fatal(err)
	}
	counted, decoded := counting(opus.Codec(), false)
	r := newRig(t, 1)
	room := r.room(RoomConfig{})
	n := counted.FrameSamples()
	frames := len(speech) / n
	var payloads [][]byte
	var levels []uint8
	enc, err := opus.Codec().NewEncoder(media.EncoderConfig{Complexity: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	for i := range frames {
		pcm := speech[i*n : (i+1)*n]
		buf := make([]byte, counted.MaxFrameBytes)
		k, err := enc.Encode(buf, pcm)
		if err != nil {
			t.Fatal(err)
		}
		payloads, levels = append(payloads, buf[:k]), append(levels, dsp.LevelDBov(pcm))
	}
	var all []*phone
	for range 10 {
		ph := r.phone("talker", counted)
		ph.tells()
		if err := ph.port.Join(room, JoinOptions{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, ph)
	}
	const seconds = 12
	buf := make([]byte, MaxPacketBytes)
	heard, came := make([]bool, len(all)), 0
	for i := range seconds * 50 {
		for k, ph := range all {
			at := (i + k*frames/len(all)) % frames
			ph.put(ph.format.PayloadType, false, ph.ts, payloads[at])
			ph.ts += uint32(n)
			ph.deliver(withLevel(ph.lastOut, levels[at]))
		}
		r.ticks(pace.TicksPerFrame)
		for k, ph := range all {
			for _, ok := ph.ring.TryNext(buf); ok; _, ok = ph.ring.TryNext(buf) {
			}
			is := ph.port.leg.Weight.Chosen
			if is && !heard[k] {
				came++
			}
			heard[k] = is
		}
	}
	perFrame := float64(*decoded) / (seconds * 50)
	if came > 9*seconds || perFrame > 4.6 {
		t.Errorf("%.1f came in a second, %.2f packets were decoded in a frame", float64(came)/seconds, perFrame)
	}
	t.Logf("%.1f came in a second, %.2f packets were decoded in a frame", float64(came)/seconds, perFrame)
}
