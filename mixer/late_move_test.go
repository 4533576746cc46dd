package mixer

import (
	"testing"

	"github.com/skygenesisenterprise/skybridge/media"
	"github.com/skygenesisenterprise/skybridge/media/codec/g711"
	"github.com/skygenesisenterprise/skybridge/media/codec/opus"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/pace"
	"github.com/skygenesisenterprise/skybridge/mixer/internal/worker"
)

// A worker that takes a room or a pair in too late makes up for the frame, with the time it
// should have had.
func TestArrivesLate(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b *media.Codec
		pair bool
	}{
		{"room", g711.MuLaw(), g711.MuLaw(), false},
		{"room of Opus", opus.Codec(), opus.Codec(), false},
		{"pair to Opus", g711.MuLaw(), opus.Codec(), true},
		{"pair from Opus", opus.Codec(), g711.MuLaw(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, 2)
			a := &speaker{phone: r.phone("a", tt.a), hz: 440, peak: 6000}
			b := &speaker{phone: r.phone("b", tt.b), hz: 700, peak: 6000}
			var home *worker.Home
			var move func(to int)
			if tt.pair {
				p := r.pair(a.phone, b.phone)
				home, move = &p.link.Home, func(to int) { r.movePair(p, to) }
			} else {
				x := r.room(RoomConfig{})
				for _, s := range []*speaker{a, b} {
					if err := s.port.Join(x, JoinOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				home, move = &x.mix.Home, func(to int) { r.moveRoom(x, to) }
			}
			r.arriveLate(home, move, a, b)
			b.onTime()
		})
	}
}

// latest is how many ticks a worker stands still.
const latest = 6

// arriveLate moves what two are in, to and fro, to a worker that stands still for a while.
// They speak all the time.
func (r *rig) arriveLate(home *worker.Home, move func(to int), a, b *speaker) {
	r.t.Helper()
	at := 0
	run := func(ticks int) {
		for range ticks {
			if at%pace.TicksPerFrame == 0 {
				a.frame()
				b.frame()
			}
			at++
			r.tick()
			a.hear()
			b.hear()
		}
	}
	all := r.engine.workers
	run(80)
	for late := range 2 * latest { // each of them in both directions
		late = late/2 + 1
		to := 1 - home.At.Load().Index
		move(to)
		r.engine.workers = []*worker.Worker{all[1-to]}
		run(late)
		r.engine.workers = all
		if home.At.Load() != all[to] {
			r.t.Error("it has not moved")
		}
		run(10*pace.TicksPerFrame + 1) // another phase each time
	}
}

// onTime checks that what was heard goes on by a frame with each packet, none of which came
// later than the worker did.
func (s *speaker) onTime() {
	t := s.rig.t
	t.Helper()
	s.continuous()
	if len(s.heard) < 12*10 {
		t.Errorf("only %d packets were heard", len(s.heard))
	}
	frame := uint32(s.format.Codec.ClockRate / 50)
	for i := 1; i < len(s.heard); i++ {
		if step := s.heard[i].Timestamp - s.heard[i-1].Timestamp; step != frame {
			t.Errorf("packet %d: the timestamp went on by %d, not %d", i, step, frame)
		}
		if gap := s.heard[i].tick - s.heard[i-1].tick; gap > pace.TicksPerFrame+latest {
			t.Errorf("packet %d came %d ticks after the one before", i, gap)
		}
	}
}
