package mixer

import (
	"fmt"
	"testing"
	"time"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/mediatest"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// A talker whose clock is not ours, by as much in three minutes as 200 ppm are in half an
// hour (for the hour, see the playout): what is held does not grow, little is made up, and
// the listener hears one stream without a pause.
func TestDrift(t *testing.T) {
	const frames = int(3 * time.Minute / (20 * time.Millisecond))
	for _, ppm := range []float64{2000, -2000} {
		t.Run(fmt.Sprintf("%+v ppm", ppm), func(t *testing.T) {
			r := newRig(t, 1)
			a, b := r.phone("a", g711.MuLaw()), r.phone("b", g711.ALaw())
			r.pair(a, b)
			r.tick()
			path, err := mediatest.NewPath(mediatest.Impairment{
				Seed: 11, Delay: 40 * time.Millisecond, Jitter: 3 * time.Millisecond, MaxJitter: 15 * time.Millisecond, DriftPPM: ppm,
			})
			if err != nil {
				t.Fatal(err)
			}
			payload := make([]byte, 160)
			g711.EncodeMuLaw(payload, tone(400, 8000, 8000, 0, 160))
			begin := r.now
			buf := make([]byte, MaxPacketBytes)
			var arrivals []time.Duration
			packets, longest, most := 0, int64(0), time.Duration(0)
			var halves [2]uint64 // made up
			last := r.now
			for i := range frames {
				arrivals = path.Send(arrivals[:0], time.Duration(i)*20*time.Millisecond)
				for time.Duration(r.now+1-begin)*pace.Tick < arrivals[0] {
					r.tick()
					for {
						if _, ok := b.ring.TryNext(buf); !ok {
							break
						}
						if packets > 0 {
							longest = max(longest, r.now-last)
						}
						last = r.now
						packets++
					}
				}
				a.sendAt(payload, time.Duration(begin)*pace.Tick+arrivals[0])
				most = max(most, a.port.leg.Playout.Delay())
				if i == frames/2 {
					halves[0] = a.port.leg.Playout.Concealed()
				}
			}
			halves[1] = a.port.leg.Playout.Concealed() - halves[0]
			end := a.port.leg.Playout.Delay()
			t.Logf("| %+v ppm | %d, %d | %v | %v | %v |", ppm, halves[0], halves[1], most, end, time.Duration(longest)*pace.Tick)
			// 18 frames are too many or too few: time is stretched for them.
			if halves[0] > 12 || halves[1] > 8 {
				t.Errorf("%d and %d frames are made up in the two halves", halves[0], halves[1])
			}
			if most > 60*time.Millisecond || end > 40*time.Millisecond {
				t.Errorf("up to %v are held, %v at the end", most, end)
			}
			if longest > 2*pace.TicksPerFrame || packets < frames-100 || packets > frames+100 {
				t.Errorf("%d packets are sent with a pause of up to %d ticks", packets, longest)
			}
		})
	}
}
