package playout

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/jitter"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
)

// A sender whose clock is not ours, for an hour: nothing is made up for it, what is held
// does not grow, and nothing is heard of it: time is stretched by periods of the tone.
func TestDriftForAnHour(t *testing.T) {
	const frames = int(time.Hour / (20 * time.Millisecond))
	for _, ppm := range []float64{200, -200} {
		t.Run(fmt.Sprintf("%+v ppm", ppm), func(t *testing.T) {
			l := newListener(t, 300*time.Millisecond, 8000, g711.MuLaw())
			path, err := mediatest.NewPath(mediatest.Impairment{
				Seed: 11, Delay: time.Second, Jitter: 3 * time.Millisecond, MaxJitter: 15 * time.Millisecond, DriftPPM: ppm,
			})
			if err != nil {
				t.Fatal(err)
			}
			const hz, peak = 200, 8000
			payload, pcm := make([]byte, 160), make([]int16, 160)
			for i := range pcm {
				pcm[i] = int16(peak * math.Sin(2*math.Pi*hz*float64(i)/8000))
			}
			g711.EncodeMuLaw(payload, pcm)
			limit := 1.5 * peak * 2 * math.Pi * hz / 8000 // of the tone's own steps, the quantiser's included
			next := path.Send(nil, 0)[0]
			sent, most, steps := 0, time.Duration(0), 0
			last := int16(0)
			var half uint64
			for i := range frames {
				now := time.Second + 5*time.Millisecond + time.Duration(i)*20*time.Millisecond
				for next <= now {
					if v := l.Push(&l.memory, &Arrival{
						Sequence: uint32(sent), Timestamp: uint32(sent * 160), Payload: payload, Length: 20 * time.Millisecond, At: next, Claimed: Unknown,
					}); v != jitter.Kept {
						t.Fatalf("packet %d: verdict %d", sent, v)
					}
					sent++
					next = path.Send(nil, time.Duration(sent)*20*time.Millisecond)[0]
				}
				most = max(most, l.Delay())
				if _, err := l.Frame(&l.memory, l.buf, now); err != nil {
					t.Fatal(err)
				}
				for _, v := range l.buf[:160] {
					if i > 50 && math.Abs(float64(v)-float64(last)) > limit {
						steps++
					}
					last = v
				}
				if i == 50 {
					half = l.Concealed() // while the delay was found
				}
			}
			t.Logf("| %+v ppm | %d | %v | %v | %d |", ppm, l.Concealed()-half, most, l.Delay(), steps)
			if l.Concealed()-half > 6 || most > 60*time.Millisecond || l.Delay() > 40*time.Millisecond || steps > 0 {
				t.Errorf("%d frames are made up, up to %v held, %v at the end, %d steps", l.Concealed()-half, most, l.Delay(), steps)
			}
		})
	}
}
