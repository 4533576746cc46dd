package mixer

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/event"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
)

// BenchmarkLargeRoom is one room of 1000, three of whom talk, on one worker and split over
// two: what a frame costs the busier of the workers, and both together, in processor time,
// system calls included.
func BenchmarkLargeRoom(b *testing.B) {
	const members, talkers = 1000, 3
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("%d_workers", workers), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f := newFieldOf(b, workers, IOEpoll)
			for i := range members {
				f.call(formatOf(g711.MuLaw()), i < talkers)
			}
			room := f.room(RoomConfig{Name: "bench"})
			f.moveRoom(room, 0)
			for _, c := range f.callers {
				must(b, c.port.Join(room, JoinOptions{}))
			}
			costs := make([]int64, workers)
			frame := func() {
				for _, c := range f.callers {
					must(b, c.say())
				}
				for range pace.TicksPerFrame {
					f.now++
					for i, w := range f.engine.workers {
						from := pace.ThreadTime()
						w.Step(f.now)
						costs[i] += pace.ThreadTime() - from
					}
				}
				var ev event.Event
				for f.engine.events.Pop(&ev) {
				}
				for _, c := range f.callers {
					_, err := c.sock.Recv(f.batch)
					must(b, err)
				}
			}
			for range 120 {
				frame()
			}
			if workers > 1 {
				f.annexOf(room, 1).lend(members / 2)
				for range 20 {
					frame()
				}
				if n := away(room); n != members/2 {
					b.Fatalf("%d members are away", n)
				}
			}
			clear(costs)
			n := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				frame()
				n++
			}
			all := int64(0)
			for _, c := range costs {
				all += c
			}
			b.ReportMetric(float64(slices.Max(costs))/float64(n)/20e6*100, "%core-busiest")
			b.ReportMetric(float64(all)/float64(n)/members/1e3, "µs/participant")
		})
	}
}
