package actor_test

import (
	"log/slog"
	"testing"

	"github.com/skygenesisenterprise/skybridge/internal/actor"
	"github.com/skygenesisenterprise/skybridge/internal/crew"
)

// BenchmarkPost is a function that needs 8 KiB of stack, as what a call has to do does, in
// an actor that rests before and after: on a goroutine of its own, and on a crew's.
func BenchmarkPost(b *testing.B) {
	hands := crew.New(slog.New(slog.DiscardHandler))
	defer func() {
		hands.Close()
		hands.Wait()
	}()
	for name, c := range map[string]*crew.Crew{"own": nil, "crew": hands} {
		b.Run(name, func(b *testing.B) {
			a := actor.StartOn(c, 1, func(err error) { b.Error(err) })
			did := make(chan byte)
			work := func() { did <- deep(7) }
			b.ReportAllocs()
			for b.Loop() {
				for a.Post(work) != nil { // it is just ending with the last one
				}
				<-did
			}
		})
	}
}

//go:noinline
func deep(n int) byte {
	var room [1024]byte
	if n == 0 {
		return room[0]
	}
	return deep(n-1) + room[n]
}
